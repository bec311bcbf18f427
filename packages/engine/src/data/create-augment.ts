// Random changes of a training sample, in place. What happens to a sample is a function of (seed, epoch, sample number),
// so neither the order of the batches nor a resume nor a thread changes what the network sees.
import type { AugmentSpec } from '@stillhouse/spec'
import { randomKey } from '../random/random-key.ts'
import { type RandomStream, randomStream } from '../random/random-stream.ts'
import { threefry } from '../random/threefry.ts'

interface AugmentPlace {
  readonly epoch: number
  /** Number of the sample in its split. */
  readonly index: number
}

/** Changes one sample; `sample` holds product(inputShape) values. */
export type Augment = (sample: Float32Array, place: AugmentPlace) => void

export interface CreateAugment {
  readonly spec: AugmentSpec
  /** [H, W, C] for shift, flip and cutout; noise takes any shape. */
  readonly inputShape: readonly number[]
  readonly seed: number
}

/** Augmentations that need the shape of an image. */
export const IMAGE_AUGMENTS = ['shift', 'flip', 'cutout'] as const satisfies readonly (keyof AugmentSpec)[]

/** Undefined when the spec changes nothing. */
export function createAugment({ spec, inputShape, seed }: CreateAugment): Augment | undefined {
  const { shift = 0, flip = false, cutout = 0, noise = 0 } = spec
  if (shift === 0 && !flip && cutout === 0 && noise === 0) return undefined
  const image = imageOf(inputShape)
  const base = randomKey(seed, 'augment')
  return (sample, { epoch, index }) => {
    const key = new Uint32Array(2)
    threefry(base, epoch, index, key)
    const random = randomStream(key)
    if (shift > 0)
      shifted(sample, image, { dy: random.below(2 * shift + 1) - shift, dx: random.below(2 * shift + 1) - shift })
    if (flip && random.uniform() < 0.5) flipped(sample, image)
    if (cutout > 0) cut(sample, image, { side: cutout, random })
    if (noise > 0) for (let i = 0; i < sample.length; i++) sample[i] = (sample[i] as number) + noise * random.normal()
  }
}

interface Image {
  readonly height: number
  readonly width: number
  readonly channels: number
}

function imageOf([height = 1, width = 1, channels = 1]: readonly number[]): Image {
  return { height, width, channels }
}

/** Moves the image by (dy, dx) pixels; what comes in is zero. */
function shifted(
  sample: Float32Array,
  { height, width, channels }: Image,
  { dy, dx }: { dy: number; dx: number },
): void {
  const row = width * channels
  const offset = dy * row + dx * channels
  if (Math.abs(dy) >= height || Math.abs(dx) >= width) {
    sample.fill(0)
    return
  }
  // One move of the whole image; pixels that it carries around an edge are cleared after it.
  if (offset > 0) sample.copyWithin(offset, 0)
  else sample.copyWithin(0, -offset)
  if (dy > 0) sample.fill(0, 0, dy * row)
  if (dy < 0) sample.fill(0, (height + dy) * row)
  const from = dx > 0 ? 0 : row + dx * channels
  const count = Math.abs(dx) * channels
  if (count > 0) for (let start = from; start < sample.length; start += row) sample.fill(0, start, start + count)
}

function flipped(sample: Float32Array, { height, width, channels }: Image): void {
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width >> 1; x++) {
      for (let c = 0; c < channels; c++) {
        const a = (y * width + x) * channels + c
        const b = (y * width + width - 1 - x) * channels + c
        const kept = sample[a] as number
        sample[a] = sample[b] as number
        sample[b] = kept
      }
    }
  }
}

/** Zeros a square whose centre lies anywhere in the image (DeVries & Taylor 2017); parts outside are lost. */
function cut(
  sample: Float32Array,
  { height, width, channels }: Image,
  { side, random }: { side: number; random: RandomStream },
): void {
  const top = random.below(height) - (side >> 1)
  const left = random.below(width) - (side >> 1)
  for (let y = Math.max(0, top); y < Math.min(height, top + side); y++) {
    const from = (y * width + Math.max(0, left)) * channels
    sample.fill(0, from, (y * width + Math.min(width, left + side)) * channels)
  }
}
