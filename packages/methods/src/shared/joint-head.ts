// An auxiliary classifier that goes on from a middle feature of a network as far as the network itself goes.
import type { Architecture, LayerSpec } from '@stillhouse/engine'

interface JointHead {
  /** Of the feature: [H, W, C] or [C]. */
  readonly from: readonly number[]
  /** Of the network's last feature, whose width and, about, size the head reaches. */
  readonly to: readonly number[]
  readonly classes: number
}

/**
 * Maps: 3×3 convolutions to the last width, of stride 2 as long as the sides are at least twice as large, at least one; each
 * with batch norm and ReLU; then global average pooling. Vectors: one dense layer with batch norm and ReLU. Then logits.
 */
export function jointHead({ from, to, classes }: JointHead): Architecture {
  const width = to.at(-1) ?? 1
  const isMap = from.length === 3
  const strides = isMap ? stridesBetween(from, to) : [1]
  const layers = strides.flatMap((stride, i) => block({ number: i + 1, width, stride, isMap }))
  if (isMap) layers.push({ type: 'globalAvgPool', name: 'pool', inputs: [layers.at(-1)?.name ?? 'input'] })
  const inputs = [layers.at(-1)?.name ?? 'input']
  layers.push({ type: 'dense', name: 'joint', inputs, units: classes, bias: true, init: 'glorot' })
  return { inputShape: from, layers, output: 'joint', taps: {} }
}

function stridesBetween([height = 1, width = 1]: readonly number[], to: readonly number[]): number[] {
  const [last, lastAcross] = to.length === 3 ? [to[0] ?? 1, to[1] ?? 1] : [1, 1]
  const halvings = Math.floor(Math.log2(Math.min(height / last, width / lastAcross)))
  return halvings < 1 ? [1] : Array.from({ length: halvings }, () => 2)
}

interface Block {
  readonly number: number
  readonly width: number
  readonly stride: number
  readonly isMap: boolean
}

function block({ number, width, stride, isMap }: Block): LayerSpec[] {
  const name = `block${number}`
  const place = { name: `${name}-linear`, inputs: [number === 1 ? 'input' : `block${number - 1}-relu`] }
  const linear: LayerSpec = isMap
    ? { ...place, type: 'conv2d', filters: width, kernel: 3, stride, padding: 'same', bias: false, init: 'he' }
    : { ...place, type: 'dense', units: width, bias: false, init: 'he' }
  return [
    linear,
    { type: 'batchNorm', name: `${name}-norm`, inputs: [linear.name], momentum: 0.9, epsilon: 1e-5 },
    { type: 'activation', name: `${name}-relu`, inputs: [`${name}-norm`], activation: 'relu' },
  ]
}
