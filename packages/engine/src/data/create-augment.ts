// Random changes of a training sample, in place. What happens to a sample is a function of (key, epoch, sample number),
// so neither the order of the batches nor a resume nor a thread changes what the network sees.
import type { AugmentSpec } from '@stillhouse/spec'
import { addNormals } from '../random/add-normals.ts'
import type { RandomKey } from '../random/random-key.ts'
import { type RandomStream, randomStream } from '../random/random-stream.ts'
import { threefry } from '../random/threefry.ts'
import { type ImageShape, imageShape } from './image-shape.ts'
import { rotateImage } from './rotate-image.ts'

interface AugmentPlace {
  readonly epoch: number
  /** Number of the sample in its split. */
  readonly index: number
}

/** Changes one sample; `sample` holds product(inputShape) values. */
export type Augment = (sample: Float32Array, place: AugmentPlace) => void

export interface CreateAugment {
  readonly spec: AugmentSpec
  /** [H, W, C] for what `IMAGE_AUGMENTS` lists; noise takes any shape. */
  readonly inputShape: readonly number[]
  /** Key of the stream of batches and of the view. */
  readonly key: RandomKey
}

/** Augmentations that need the shape of an image. */
export const IMAGE_AUGMENTS = ['rotate', 'shift', 'flip', 'cutout'] as const satisfies readonly (keyof AugmentSpec)[]

/** One kind of change, in place. */
type Change = (sample: Float32Array, random: RandomStream, key: RandomKey) => void

/**
 * Changes happen in this order: rotate, shift, flip, cutout, noise; mixup, which is no change of one sample, follows them
 * (`createMixup`). All act on normalised values, so what comes in from outside the image is zero: with
 * `normalise: standard` the mean colour, otherwise what the format stores as 0.
 * @returns undefined when the spec changes no single sample
 */
export function createAugment({ spec, inputShape, key }: CreateAugment): Augment | undefined {
  const changes = changesOf(spec, imageShape(inputShape))
  if (changes.length === 0) return undefined
  const own = new Uint32Array(2)
  return (sample, { epoch, index }) => {
    threefry(key, epoch, index, own)
    const random = randomStream(own)
    for (const change of changes) change(sample, random, own)
  }
}

function changesOf(spec: AugmentSpec, image: ImageShape): readonly Change[] {
  const { rotate = 0, shift = 0, flip = false, cutout = 0, noise = 0 } = spec
  const changes: Change[] = []
  if (rotate > 0) changes.push(rotation(rotate, image))
  if (shift > 0)
    changes.push((sample, random) => {
      const [dy, dx] = [random.below(2 * shift + 1) - shift, random.below(2 * shift + 1) - shift]
      shifted(sample, image, { dy, dx })
    })
  if (flip) changes.push((sample, random) => void (random.uniform() < 0.5 && flipped(sample, image)))
  if (cutout > 0) changes.push((sample, random) => cut(sample, image, { side: cutout, random }))
  if (noise > 0) changes.push((sample, _random, key) => addNormals(sample, noise, key))
  return changes
}

/** By an angle that is uniform in ± `degrees`. */
function rotation(degrees: number, shape: ImageShape): Change {
  const source = new Float32Array(shape.height * shape.width * shape.channels)
  return (sample, random) => {
    source.set(sample)
    const radians = ((2 * random.uniform() - 1) * degrees * Math.PI) / 180
    rotateImage({ source, into: sample, shape, radians })
  }
}

/** Moves the image by (dy, dx) pixels; what comes in is zero. */
function shifted(
  sample: Float32Array,
  { height, width, channels }: ImageShape,
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

function flipped(sample: Float32Array, { height, width, channels }: ImageShape): void {
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
  { height, width, channels }: ImageShape,
  { side, random }: { side: number; random: RandomStream },
): void {
  const top = random.below(height) - (side >> 1)
  const left = random.below(width) - (side >> 1)
  for (let y = Math.max(0, top); y < Math.min(height, top + side); y++) {
    const from = (y * width + Math.max(0, left)) * channels
    sample.fill(0, from, (y * width + Math.min(width, left + side)) * channels)
  }
}
