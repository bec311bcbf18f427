// Networks that tell real features from imitations, for adversarial methods.
import type { Architecture, LayerSpec } from '@stillhouse/engine'

/**
 * Per entry of `filters` a 3×3 convolution of stride 2 (vectors: a dense layer), batch norm and leaky ReLU,
 * then global average pooling, one unit and a sigmoid: [B, 1] in (0, 1).
 * @param shape of the features, [H, W, C] or [C]
 */
export function discriminator(shape: readonly number[], filters: readonly number[]): Architecture {
  const layers: LayerSpec[] = filters.flatMap((width, i) => block(shape, i + 1, width))
  const last = layers.at(-1)?.name ?? 'input'
  if (shape.length === 3) layers.push({ type: 'globalAvgPool', name: 'pool', inputs: [last] })
  const features = layers.at(-1)?.name ?? 'input'
  return {
    inputShape: shape,
    layers: [
      ...layers,
      { type: 'dense', name: 'score', inputs: [features], units: 1, bias: true, init: 'glorot' },
      { type: 'activation', name: 'real', inputs: ['score'], activation: 'sigmoid' },
    ],
    output: 'real',
    taps: {},
  }
}

function block(shape: readonly number[], number: number, width: number): LayerSpec[] {
  const [name, from] = [`block${number}`, number === 1 ? 'input' : `block${number - 1}-leaky`]
  const place = { name: `${name}-linear`, inputs: [from], bias: false, init: 'he' } as const
  const linear: LayerSpec =
    shape.length === 3
      ? { ...place, type: 'conv2d', filters: width, kernel: 3, stride: 2, padding: 'same' }
      : { ...place, type: 'dense', units: width }
  return [
    linear,
    { type: 'batchNorm', name: `${name}-norm`, inputs: [linear.name], momentum: 0.9, epsilon: 1e-5 },
    { type: 'activation', name: `${name}-leaky`, inputs: [`${name}-norm`], activation: 'leakyRelu' },
  ]
}
