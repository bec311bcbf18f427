// Pictures that are drawn instead of read: any number of any size, for trying things out where no data is at hand.
import { type DataFormat, randomKey, randomStream, type SplitName, sharedBytes } from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { arrayDataset, type Samples } from './shared/array-dataset.ts'
import { drawShape, SHAPES, type Shape } from './shared/draw-shape.ts'
import { requireRoom } from './shared/limits.ts'
import { lengthOf } from './shared/shape-parameter.ts'

const parameters = Type.Object(
  {
    kinds: Type.Array(Type.Enum([...SHAPES]), {
      minItems: 2,
      maxItems: SHAPES.length,
      uniqueItems: true,
      default: [...SHAPES],
      description: 'the classes, in this order',
    }),
    size: Type.Integer({ minimum: 12, maximum: 256, default: 32, description: 'height and width in pixels' }),
    channels: Type.Enum([1, 3], { default: 3, description: '1: grey; 3: red, green and blue' }),
    train: Type.Integer({ minimum: 4, maximum: 200_000, default: 2000, description: 'training samples' }),
    test: Type.Integer({ minimum: 4, maximum: 200_000, default: 500, description: 'test samples' }),
    texture: Type.Number({
      minimum: 0,
      maximum: 1,
      default: 0.2,
      description: 'amplitude of the texture of the ground',
    }),
    noise: Type.Number({
      minimum: 0,
      maximum: 1,
      default: 0.08,
      description: 'sd of the Gaussian noise on every value',
    }),
    seed: Type.Integer({ minimum: 0, maximum: 2_147_483_647, default: 0, description: 'another seed, other pictures' }),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/**
 * Values: [0, 1] (byte / 255). Sample i is of class i modulo the number of classes, and a function of (seed, split, i):
 * a larger set begins with the samples of a smaller one.
 */
export const shapes: DataFormat = {
  name: 'shapes',
  title: 'Drawn shapes',
  summary:
    'Squares, discs, crosses and triangles of random place, size, angle and colour on a noisy texture, drawn from a seed: as many and as large as asked for.',
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

function signatureOf({ size, channels, kinds }: Params) {
  return { inputShape: [size, size, channels], classes: kinds.length }
}

function draw(params: Params, split: SplitName): Samples {
  const { kinds, seed, [split]: samples } = params
  const length = lengthOf(signatureOf(params).inputShape)
  requireRoom({ file: `data.params.${split}`, samples, length, bytesPerValue: 1 })
  const values = sharedBytes(samples * length)
  const labels = Int32Array.from({ length: samples }, (_, i) => i % kinds.length)
  for (const [i, label] of labels.entries()) {
    const random = randomStream(randomKey(seed, 'shapes', split, i))
    const shape = kinds[label] as Shape
    drawShape({ ...params, shape }, random, values.subarray(i * length, (i + 1) * length))
  }
  return { values, labels }
}
