// Weights that two networks both have, for a network that follows another one: a moving average, a copy with more on top.
import type { Network, Variable } from '@stillhouse/engine'

export interface SameWeight {
  readonly from: Variable
  readonly to: Variable
}

/** Variables of the layers that bear one name in both, batch statistics among them, in the order of `to`. */
export function weightsInCommon(from: Network, to: Network): SameWeight[] {
  const layers = new Map(from.model.layers.map((layer) => [layer.name, layer]))
  return to.model.layers.flatMap(({ name, weights }) => {
    const own = layers.get(name)?.weights ?? []
    return own.map((weight, i) => ({ from: weight.read() as Variable, to: weights[i]?.read() as Variable }))
  })
}
