// The layer groups that families are built from. Each function returns layers in order and names them after `name`, so
// that a family reads as the drawing in its paper.
import type { Activation, Initializer, LayerSpec, Padding } from '@stillhouse/engine'

/** Batch-norm constants of the CIFAR networks here: statistics over about ten steps, epsilon as in their papers' code. */
const BATCH_NORM = { momentum: 0.9, epsilon: 1e-5 } as const

export interface ConvOptions {
  readonly name: string
  readonly from: string
  readonly filters: number
  readonly kernel: number
  readonly stride: number
  readonly batchNorm: boolean
  /** What follows; null: nothing. */
  readonly activation: Activation | null
  /** Default: same. */
  readonly padding?: Padding
  /** Default: He normal over fan-in. */
  readonly init?: Initializer
}

/** Convolution, then batch norm and activation as asked: `name-conv`, `name-bn`, and `name-relu` or whichever it is. */
export function conv(options: ConvOptions): LayerSpec[] {
  const { name, from, filters, kernel, stride, batchNorm, activation, padding = 'same', init = 'he' } = options
  const layers: LayerSpec[] = [
    {
      type: 'conv2d',
      name: `${name}-conv`,
      inputs: [from],
      filters,
      kernel,
      stride,
      padding,
      // batch norm brings its own offset
      bias: !batchNorm,
      init,
    },
  ]
  return [...layers, ...closing({ name, from: lastOf(layers), batchNorm, activation })]
}

export interface DepthwiseOptions {
  readonly name: string
  readonly from: string
  readonly stride: number
  readonly activation: Activation | null
  readonly init: Initializer
}

/** Depthwise 3×3 convolution with same padding and batch norm, then an activation as asked. */
export function depthwise({ name, from, stride, activation, init }: DepthwiseOptions): LayerSpec[] {
  return [
    {
      type: 'depthwiseConv2d',
      name: `${name}-conv`,
      inputs: [from],
      kernel: 3,
      stride,
      padding: 'same',
      bias: false,
      init,
    },
    ...closing({ name, from: `${name}-conv`, batchNorm: true, activation }),
  ]
}

type Closing = Pick<ConvOptions, 'name' | 'from' | 'batchNorm' | 'activation'>

function closing({ name, from, batchNorm, activation }: Closing): LayerSpec[] {
  const layers = batchNorm ? [norm(`${name}-bn`, from)] : []
  const last = batchNorm ? `${name}-bn` : from
  return activation === null ? layers : [...layers, activate(`${name}-${activation}`, last, activation)]
}

export function norm(name: string, from: string): LayerSpec {
  return { type: 'batchNorm', name, inputs: [from], ...BATCH_NORM }
}

export function activate(name: string, from: string, activation: Activation = 'relu'): LayerSpec {
  return { type: 'activation', name, inputs: [from], activation }
}

export interface DenseOptions {
  readonly name: string
  readonly from: string
  readonly units: number
  readonly init: Initializer
}

export function dense({ name, from, units, init }: DenseOptions): LayerSpec {
  return { type: 'dense', name, inputs: [from], units, bias: true, init }
}

/** Hidden dense layer with ReLU (He normal), then dropout when `rate` > 0; the feature to tap is `${name}-relu`. */
export function hidden(name: string, from: string, { units, rate }: { units: number; rate: number }): LayerSpec[] {
  const layers = [dense({ name, from, units, init: 'he' }), activate(`${name}-relu`, name)]
  return rate > 0 ? [...layers, { type: 'dropout', name: `${name}-dropout`, inputs: [`${name}-relu`], rate }] : layers
}

/** Name of the last of some layers. */
export function lastOf(layers: readonly LayerSpec[]): string {
  const last = layers.at(-1)
  if (last === undefined) throw new Error('there is no last layer of none')
  return last.name
}

export interface ClassifierOptions {
  /** The last map. */
  readonly from: string
  readonly classes: number
  readonly init: Initializer
}

/** Global average pooling (`features`) and a dense layer (`logits`): the end of most families. */
export function classifier({ from, classes, init }: ClassifierOptions): LayerSpec[] {
  return [
    { type: 'globalAvgPool', name: 'features', inputs: [from] },
    dense({ name: 'logits', from: 'features', units: classes, init }),
  ]
}

/** Taps of a network that ends in `classifier`. */
export const CLASSIFIER_TAPS = { penultimate: 'features', logits: 'logits' } as const
