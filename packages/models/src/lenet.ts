// LeNet-5, where convolutional networks for digits began.
import type { Activation, Architecture, LayerSpec, ModelFamily, Signature } from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { imageFaults } from './shared/image-fault.ts'
import { activate, conv, dense, lastOf } from './shared/layers.ts'
import { AS_IT_IS, HEAD, stageTaps, type Widenable, type Widening, widen } from './shared/widenable.ts'

const parameters = Type.Object(
  {
    activation: Type.Enum(['tanh', 'relu'], {
      default: 'tanh',
      description: 'tanh as in the paper, or relu as it is taught today',
    }),
    pool: Type.Enum(['average', 'max'], {
      default: 'average',
      description: 'how maps are halved: average as in the paper (without its two weights per map), or max',
    }),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/** Sides that the paper's network was drawn for. */
const FIELD = 32

/**
 * LeCun et al. 1998, section II.B: convolutions 5×5 without padding to 6 and 16 maps, each halved, then 120, 84 and the
 * classes, dense. Images with sides under 32 are put into the middle of a field of zeros, as the paper's digits were. C3
 * reads all maps rather than the paper's table of them, subsampling has no weights, and the last layer is linear, not RBF.
 * LeCun normal with tanh (LeCun et al. 1998, Efficient BackProp), He normal with relu; logits Glorot uniform.
 * Taps: stage1, stage2 after pooling; stage1.pre, stage2.pre before the activation, at twice the sides.
 */
export const lenet: ModelFamily & Widenable = {
  name: 'lenet',
  title: 'LeNet-5',
  summary:
    'Two stages of 5×5 convolution and pooling, then three dense layers, for small grey images; small ones are padded to 32×32.',
  paper: {
    title: 'Gradient-based learning applied to document recognition',
    authors: 'LeCun, Bottou, Bengio, Haffner',
    venue: 'Proceedings of the IEEE',
    year: 1998,
  },
  tasks: ['classification'],
  parameters,
  check: (_params, signature) => imageFaults(signature, 1, 'smaller ones than 32×32 are padded'),
  architecture: (params, signature) => network(params as Params, signature, AS_IT_IS),
  widened: (params, signature, widening) => network(params as Params, signature, widening),
}

function network(given: Params, { inputShape, classes }: Signature, widening: Widening): Architecture {
  const { activation } = given
  const padding = paddingLayers(inputShape)
  const first = stage({ ...given, number: 1, from: padding.at(-1)?.name ?? 'input', filters: widen(6, 1, widening) })
  const second = stage({ ...given, number: 2, from: lastOf(first), filters: widen(16, 2, widening) })
  const layers: LayerSpec[] = [
    ...padding,
    ...first,
    ...second,
    { type: 'flatten', name: 'flat', inputs: [lastOf(second)] },
    ...hidden({ name: 'hidden1', from: 'flat', units: widen(120, HEAD, widening), activation }),
    ...hidden({ name: 'hidden2', from: `hidden1-${activation}`, units: widen(84, HEAD, widening), activation }),
    dense({ name: 'logits', from: `hidden2-${activation}`, units: classes, init: 'glorot' }),
  ]
  return {
    inputShape,
    layers,
    output: 'logits',
    taps: {
      ...stageTaps(2, (number) => `stage${number}-pool`),
      ...stageTaps(2, (number) => `stage${number}-conv`, '.pre'),
      penultimate: `hidden2-${activation}`,
      logits: 'logits',
    },
  }
}

function paddingLayers([height = 0, width = 0]: readonly number[]): LayerSpec[] {
  if (height >= FIELD && width >= FIELD) return []
  return [{ type: 'zeroPad', name: 'field', inputs: ['input'], height: edges(height), width: edges(width) }]
}

function edges(side: number): readonly [number, number] {
  const missing = Math.max(FIELD - side, 0)
  return [Math.floor(missing / 2), Math.ceil(missing / 2)]
}

interface StageOptions extends Params {
  readonly number: number
  readonly from: string
  readonly filters: number
}

function stage({ number, from, filters, activation, pool }: StageOptions): LayerSpec[] {
  const name = `stage${number}`
  const shape = { filters, kernel: 5, stride: 1, padding: 'valid' } as const
  const type = pool === 'max' ? 'maxPool' : 'avgPool'
  return [
    ...conv({ name, from, ...shape, batchNorm: false, activation, init: initOf(activation) }),
    { type, name: `${name}-pool`, inputs: [`${name}-${activation}`], size: 2, stride: 2, padding: 'valid' },
  ]
}

interface HiddenOptions {
  readonly name: string
  readonly from: string
  readonly units: number
  readonly activation: Activation
}

function hidden({ name, from, units, activation }: HiddenOptions): LayerSpec[] {
  return [dense({ name, from, units, init: initOf(activation) }), activate(`${name}-${activation}`, name, activation)]
}

function initOf(activation: Activation): 'he' | 'lecun' {
  return activation === 'relu' ? 'he' : 'lecun'
}
