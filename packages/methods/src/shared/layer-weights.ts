// The weights of a network by the layers of its architecture, for host code that copies from one network to another.
import type { Architecture, Network, Variable } from '@stillhouse/engine'

/** Weights by layer: kernel and bias, or gamma, beta, mean and variance. */
export type LayerWeights = ReadonlyMap<string, readonly Variable[]>

const WEIGHTED = ['conv2d', 'conv2dTranspose', 'depthwiseConv2d', 'dense', 'batchNorm']

/** By order, not by name: a network that came from elsewhere may have named its layers otherwise. */
export function layerWeights({ model }: Pick<Network, 'model'>, { layers }: Architecture): LayerWeights {
  const own = model.layers.filter(({ weights }) => weights.length > 0)
  const named = layers.filter(({ type }) => WEIGHTED.includes(type))
  return new Map(
    named.map(({ name }, i) => [name, (own[i]?.weights ?? []).map((weight) => weight.read() as Variable)] as const),
  )
}
