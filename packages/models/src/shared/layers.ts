// The layer groups that families are built from. Each function returns layers in order and names them after `name`, so
// that a family reads as the drawing in its paper.
import type { Initializer, LayerSpec } from '@stillhouse/engine'

/** Batch-norm constants of the CIFAR networks here: statistics over about ten steps, epsilon as in their papers' code. */
const BATCH_NORM = { momentum: 0.9, epsilon: 1e-5 } as const

export interface ConvOptions {
  readonly name: string
  readonly from: string
  readonly filters: number
  readonly kernel: number
  readonly stride: number
  readonly batchNorm: boolean
  readonly relu: boolean
}

/** Convolution (He normal, same padding), then batch norm and ReLU as asked. The last layer is named `nameOfConv`. */
export function conv({ name, from, filters, kernel, stride, batchNorm, relu }: ConvOptions): LayerSpec[] {
  const layers: LayerSpec[] = [
    {
      type: 'conv2d',
      name: `${name}-conv`,
      inputs: [from],
      filters,
      kernel,
      stride,
      padding: 'same',
      // batch norm brings its own offset
      bias: !batchNorm,
      init: 'he',
    },
  ]
  if (batchNorm) layers.push({ type: 'batchNorm', name: `${name}-bn`, inputs: [`${name}-conv`], ...BATCH_NORM })
  if (relu) layers.push(reluAfter(`${name}-relu`, lastOf(layers)))
  return layers
}

export function reluAfter(name: string, from: string): LayerSpec {
  return { type: 'activation', name, inputs: [from], activation: 'relu' }
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
  const layers = [dense({ name, from, units, init: 'he' }), reluAfter(`${name}-relu`, name)]
  return rate > 0 ? [...layers, { type: 'dropout', name: `${name}-dropout`, inputs: [`${name}-relu`], rate }] : layers
}

/** Name of the last of some layers. */
export function lastOf(layers: readonly LayerSpec[]): string {
  const last = layers.at(-1)
  if (last === undefined) throw new Error('there is no last layer of none')
  return last.name
}
