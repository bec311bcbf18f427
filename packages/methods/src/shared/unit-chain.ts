// A network as a chain of layers with units that can be taken out: hidden units of dense layers, channels of convolutions.
// What is between two such layers treats every channel by itself, so a unit goes with all that leads from it.
import { type Architecture, describeArchitecture, type LayerSpec } from '@stillhouse/engine'

/** A dense or convolutional layer that is not the last, and where its units are read by the next one. */
export interface UnitLayer {
  readonly name: string
  readonly units: number
  /** The last layer that treats its units one by one: behind batch norm, activation and pooling. */
  readonly until: string
  /** Output shape of that layer, [H, W, C] or [C]. */
  readonly shape: readonly number[]
}

/** The layers whose units may go, in order; or why there are none. */
export type UnitChain =
  | { readonly ok: true; readonly layers: readonly UnitLayer[] }
  | { readonly ok: false; readonly message: string; readonly expected: string; readonly received: string }

const UNITWISE: readonly LayerSpec['type'][] = [
  ...(['batchNorm', 'activation', 'dropout', 'maxPool', 'avgPool', 'globalAvgPool'] as const),
  ...(['zeroPad', 'upsample2d', 'depthwiseConv2d'] as const),
]
/** After a map was made a vector: what leaves the values as they are. */
const AFTER_FLATTEN: readonly LayerSpec['type'][] = ['flatten', 'dropout']
const EXPECTED =
  'a plain chain, each layer reading the one before it, of dense and convolutional layers with batch norm, activations, pooling, padding and dropout between them, that ends in a dense layer: mlp, lenet, cnn, vgg'

/** Pure: equal answers for equal architectures. */
export function unitChain(architecture: Architecture): UnitChain {
  const { layers, output } = architecture
  const refuse = (message: string, received: string): UnitChain => ({
    ok: false,
    message,
    expected: EXPECTED,
    received,
  })
  const branching = layers.find(({ inputs }, i) => inputs.join() !== (layers[i - 1]?.name ?? 'input'))
  if (branching !== undefined)
    return refuse(
      'units cannot be taken out of a network with branches or shortcuts',
      `${branching.name}, which reads ${branching.inputs.join(' and ')}`,
    )
  const last = layers.at(-1)
  if (last?.type !== 'dense' || last.name !== output)
    return refuse('units can only be taken out before a last dense layer', `${last?.name}, ${last?.type}`)
  return readChain(architecture, refuse)
}

function readChain(architecture: Architecture, refuse: (message: string, received: string) => UnitChain): UnitChain {
  const { shapes } = describeArchitecture(architecture)
  const found: UnitLayer[] = []
  let flat = false
  for (const layer of architecture.layers.slice(0, -1)) {
    const shape = shapes.get(layer.name) ?? []
    const current = found.at(-1)
    if (layer.type === 'dense' || layer.type === 'conv2d') {
      found.push({ name: layer.name, units: shape.at(-1) ?? 0, until: layer.name, shape })
      flat = false
    } else if (current !== undefined && (flat || layer.type === 'flatten')) {
      if (!AFTER_FLATTEN.includes(layer.type))
        return refuse(`a unit is many values behind flatten, which ${layer.type} changes`, layer.name)
      flat = true
    } else if (UNITWISE.includes(layer.type)) {
      if (current !== undefined) found[found.length - 1] = { ...current, until: layer.name, shape }
    } else if (layer.type !== 'flatten')
      return refuse(`it is not known what becomes of a unit in a layer ${layer.type}`, layer.name)
  }
  if (found.length > 0) return { ok: true, layers: found }
  return refuse('there is no hidden layer, so nothing can be taken out', 'the last layer alone')
}

/** The same network with other numbers of units, by layer; what depends on them follows. */
export function withUnits(architecture: Architecture, units: Readonly<Record<string, number>>): Architecture {
  const resized = (layer: LayerSpec): LayerSpec => {
    const count = units[layer.name]
    if (count === undefined) return layer
    if (layer.type === 'dense') return { ...layer, units: count }
    return layer.type === 'conv2d' ? { ...layer, filters: count } : layer
  }
  return { ...architecture, layers: architecture.layers.map(resized) }
}

export type Measure = 'params' | 'macs'

/**
 * What one unit of each layer costs of the whole network: its own weights, those that follow it unit by unit, and those of
 * the next layer that read it; or the multiply-adds of these.
 */
export function unitCosts(architecture: Architecture, layers: readonly UnitLayer[], measure: Measure): number[] {
  const whole = describeArchitecture(architecture)[measure]
  return layers.map(
    ({ name, units }) => describeArchitecture(withUnits(architecture, { [name]: units + 1 }))[measure] - whole,
  )
}
