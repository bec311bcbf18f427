// A network with a factor on each of its units, as a network like any other: a 1×1 depthwise convolution is a trainable
// factor per channel that every runtime knows.
import type { Architecture, LayerSpec } from '@stillhouse/engine'
import type { UnitLayer } from './unit-chain.ts'

/** Name of the layer whose kernel [1, 1, C, 1] holds the gates of a layer. */
export const gatesOf = (layer: string) => `${layer}.gates`

/**
 * The gates of a layer stand where its units are read: behind batch norm, which would undo them, and behind activation and
 * pooling, so that a gate below zero may be folded into the weights that read it. They begin at 0: set them.
 */
export function gatedArchitecture(architecture: Architecture, gated: readonly UnitLayer[]): Architecture {
  const renamed = new Map<string, string>()
  const layers = architecture.layers.flatMap((layer): LayerSpec[] => {
    const reading = { ...layer, inputs: layer.inputs.map((name) => renamed.get(name) ?? name) }
    const own = gated.find(({ until }) => until === layer.name)
    if (own === undefined) return [reading]
    const gates = gateLayers(own)
    renamed.set(layer.name, gates.at(-1)?.name ?? layer.name)
    return [reading, ...gates]
  })
  return { ...architecture, layers }
}

function gateLayers({ name, until, units, shape }: UnitLayer): LayerSpec[] {
  const gates = gatesOf(name)
  const factor = (from: string): LayerSpec => ({
    ...{ type: 'depthwiseConv2d', name: gates, inputs: [from], kernel: 1, stride: 1, padding: 'valid', bias: false },
    init: 'zeros',
  })
  if (shape.length === 3) return [factor(until)]
  const [map, vector] = [`${gates}.map`, `${gates}.vector`]
  return [
    { type: 'reshape', name: map, inputs: [until], shape: [1, 1, units] },
    factor(map),
    { type: 'reshape', name: vector, inputs: [gates], shape: [units] },
  ]
}
