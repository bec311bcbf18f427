// The layers of a network that could stand in for one another: activations of one shape, up to a stage's end.
import { type Architecture, describeArchitecture, type Network } from '@stillhouse/engine'

export interface NamedLayer {
  readonly name: string
  /** Without the batch axis. */
  readonly shape: readonly number[]
  readonly activation: boolean
}

/** In the order of the network. */
export function layersOfArchitecture(architecture: Architecture): NamedLayer[] {
  const { shapes } = describeArchitecture(architecture)
  return architecture.layers.map(({ name, type }) => ({
    name,
    shape: shapes.get(name) ?? [],
    activation: type === 'activation',
  }))
}

const ACTIVATIONS = new Set(['Activation', 'ReLU', 'LeakyReLU', 'ELU', 'PReLU'])

/** The same of a network that was built or loaded. */
export function layersOfModel({ model }: Network): NamedLayer[] {
  return model.layers.map((layer) => ({
    name: layer.name,
    shape: (layer.outputShape as (number | null)[]).slice(1).map(Number),
    activation: ACTIVATIONS.has(layer.getClassName()),
  }))
}

/** Names of the activations with the shape of layer `last` that come before it, and its own. */
export function equalLayers(layers: readonly NamedLayer[], last: string): string[] {
  const end = layers.findIndex(({ name }) => name === last)
  const shape = layers[end]?.shape.join()
  return layers
    .slice(0, end + 1)
    .filter((layer) => layer.name === last || (layer.activation && layer.shape.join() === shape))
    .map(({ name }) => name)
}
