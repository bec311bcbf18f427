// Signs that are drawn instead of read: like handwritten digits, but as many and as hard as asked for.
import { type DataFormat, randomKey, randomStream, type SplitName, sharedBytes } from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { arrayDataset, type Samples } from './shared/array-dataset.ts'
import { drawGlyph, GLYPH_COUNT } from './shared/draw-glyph.ts'
import { requireRoom } from './shared/limits.ts'

const parameters = Type.Object(
  {
    size: Type.Integer({ minimum: 14, maximum: 128, default: 28, description: 'height and width in pixels' }),
    train: Type.Integer({ minimum: 10, maximum: 200_000, default: 4000, description: 'training samples' }),
    test: Type.Integer({ minimum: 10, maximum: 200_000, default: 2000, description: 'test samples' }),
    noise: Type.Number({
      minimum: 0,
      maximum: 1,
      default: 0.15,
      description: 'sd of the Gaussian noise on every pixel',
    }),
    seed: Type.Integer({ minimum: 0, maximum: 2_147_483_647, default: 0, description: 'another seed, other pictures' }),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/**
 * Values: ink in [0, 1] (byte / 255). Sample i is of class i modulo 10, and a function of (seed, split, i): a larger set
 * begins with the samples of a smaller one.
 */
export const glyphs: DataFormat = {
  name: 'glyphs',
  title: 'Drawn signs',
  summary:
    'Ten signs of a few strokes, grey, each drawn anew from a seed: moved, turned, slanted, thick or thin, among stray arcs and noise.',
  paper: null,
  tasks: ['classification'],
  parameters,
  signature: (params) => signatureOf(params as Params),
  trainSamples: (params) => (params as Params).train,
  async open(params) {
    const given = params as Params
    const splits = { train: draw(given, 'train'), test: draw(given, 'test') }
    return arrayDataset({ signature: signatureOf(given), scale: 1 / 255, splits })
  },
}

function signatureOf({ size }: Params) {
  return { inputShape: [size, size, 1], classes: GLYPH_COUNT }
}

function draw({ size, noise, seed, ...params }: Params, split: SplitName): Samples {
  const samples = params[split]
  const length = size * size
  requireRoom({ file: `data.params.${split}`, samples, length, bytesPerValue: 1 })
  const values = sharedBytes(samples * length)
  const labels = Int32Array.from({ length: samples }, (_, i) => i % GLYPH_COUNT)
  for (const [i, glyph] of labels.entries()) {
    const random = randomStream(randomKey(seed, 'glyphs', split, i))
    drawGlyph({ glyph, size, noise }, random, values.subarray(i * length, (i + 1) * length))
  }
  return { values, labels }
}
