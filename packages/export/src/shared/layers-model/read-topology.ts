// The layers of a model.json as one kind of graph, whether it was written as a chain (Sequential) or as a graph.
import { type Fault, faultsFromSchemaErrors } from '@stillhouse/spec'
import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'

/** More layers than any network here has; a bound for hostile files. */
const MOST_LAYERS = 4000

const Name = Type.String({ minLength: 1, maxLength: 400 })
const Inbound = Type.Array(Type.Array(Type.Unknown(), { minItems: 3 }), { minItems: 1, maxItems: 256 })
const BatchShape = Type.Array(Type.Union([Type.Null(), Type.Integer({ minimum: 1, maximum: 100_000 })]), {
  minItems: 2,
  maxItems: 5,
})

const Layer = Type.Object({
  name: Type.Optional(Name),
  class_name: Type.String({ maxLength: 100 }),
  config: Type.Object({ name: Type.Optional(Name), batch_input_shape: Type.Optional(BatchShape) }),
  // a layer that is called twice would have two
  inbound_nodes: Type.Optional(Type.Array(Inbound, { maxItems: 1 })),
})
const Ends = Type.Array(Type.Array(Type.Unknown(), { minItems: 1 }), { minItems: 1, maxItems: 1 })

const Topology = Type.Object({
  class_name: Type.Enum(['Sequential', 'Model', 'Functional']),
  config: Type.Object({
    layers: Type.Array(Layer, { minItems: 1, maxItems: MOST_LAYERS }),
    input_layers: Type.Optional(Ends),
    output_layers: Type.Optional(Ends),
  }),
})
const validator = Compile(Topology)

export interface GraphLayer {
  readonly name: string
  readonly className: string
  readonly config: Readonly<Record<string, unknown>>
  /** Names of the layers that feed this one. */
  readonly inputs: readonly string[]
  /** JSON Pointer of the layer in model.json. */
  readonly path: string
}

export interface Graph {
  readonly layers: readonly GraphLayer[]
  readonly inputShape: readonly number[]
  /** Names. */
  readonly input: string
  readonly output: string
}

export type ReadTopology = { ok: true; graph: Graph } | { ok: false; faults: Fault[] }

/** @param topology the value of `modelTopology` @param path its JSON Pointer */
export function readTopology(topology: unknown, path: string): ReadTopology {
  const faults = faultsFromSchemaErrors(validator.Errors(topology), topology, Topology, path)
  if (faults.length > 0) return { ok: false, faults }
  const model = topology as Static<typeof Topology>
  const layers = model.class_name === 'Sequential' ? chain(model, path) : graphLayers(model, path)
  const ends = model.class_name === 'Sequential' ? chainEnds(layers) : namedEnds(model)
  const shape = layers.find(({ name }) => name === ends.input)?.config['batch_input_shape'] as
    | (number | null)[]
    | undefined
  const inputShape = shape?.slice(1)
  if (inputShape?.every((size) => size !== null) !== true) return { ok: false, faults: [unknownInput(path, shape)] }
  return { ok: true, graph: { ...ends, layers, inputShape: inputShape as number[] } }
}

type Model = Static<typeof Topology>

function chain({ config }: Model, path: string): GraphLayer[] {
  const layers = config.layers.map((layer, i) => graphLayer(layer, `${path}/config/layers/${i}`, []))
  // a chain may leave its input layer out and give the shape to its first layer
  const first = layers[0]
  const input: GraphLayer[] =
    first === undefined || first.className === 'InputLayer'
      ? []
      : [{ ...first, name: `${first.name}:input`, className: 'InputLayer', config: inputOf(first) }]
  const all = [...input, ...layers]
  return all.map((layer, i) => ({ ...layer, inputs: all.slice(Math.max(0, i - 1), i).map(({ name }) => name) }))
}

function inputOf({ config }: GraphLayer): Record<string, unknown> {
  return { batch_input_shape: config['batch_input_shape'] }
}

function chainEnds(layers: readonly GraphLayer[]): { input: string; output: string } {
  return { input: layers[0]?.name ?? '', output: layers.at(-1)?.name ?? '' }
}

function graphLayers({ config }: Model, path: string): GraphLayer[] {
  return config.layers.map((layer, i) =>
    graphLayer(
      layer,
      `${path}/config/layers/${i}`,
      (layer.inbound_nodes ?? []).flatMap((node) => node.map(([name]) => String(name))),
    ),
  )
}

function namedEnds({ config }: Model): { input: string; output: string } {
  return { input: String(config.input_layers?.[0]?.[0] ?? ''), output: String(config.output_layers?.[0]?.[0] ?? '') }
}

function graphLayer(layer: Static<typeof Layer>, path: string, inputs: string[]): GraphLayer {
  return {
    name: layer.name ?? layer.config.name ?? path,
    className: layer.class_name,
    config: layer.config,
    inputs,
    path,
  }
}

function unknownInput(path: string, shape: unknown): Fault {
  return {
    path: `${path}/config`,
    message: 'the shape of the input is not known',
    expected: 'one input layer whose sizes are all numbers, except for the batch',
    received: shape === undefined ? 'no shape' : JSON.stringify(shape),
  }
}
