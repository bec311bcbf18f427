// Walks the graph of a model from its output to its input: every layer must be allowed, fit its inputs, and be used once.
import { type Fault, faultsFromSchemaErrors } from '@stillhouse/spec'
import { Value } from 'typebox/value'
import type { WeightSpec } from './layer-rule.ts'
import { LAYER_RULES } from './layer-rules.ts'
import type { Graph, GraphLayer } from './read-topology.ts'
import { type Shape, sizeOf } from './shapes.ts'

/** Values in one sample's largest map: 64 million, a quarter of a gigabyte as float32. */
const LARGEST_MAP = 2 ** 26

export interface InferredGraph {
  readonly outputShape: Shape
  /** Every weight that the layers own, with the layer's name. */
  readonly weights: readonly WeightSpec[]
  readonly faults: readonly Fault[]
}

/** Shapes and weights of a model, from its layers alone. */
export function inferGraph({ layers, input, output, inputShape }: Graph): InferredGraph {
  const faults: Fault[] = []
  const weights: WeightSpec[] = []
  const byName = new Map(layers.map((layer) => [layer.name, layer]))
  const shapes = new Map<string, Shape | undefined>([[input, inputShape]])
  if (byName.size < layers.length) faults.push(repeatedName(layers))

  for (const layer of inOrder(layers, input, faults)) {
    const inputs = layer.inputs.map((name) => shapes.get(name))
    if (inputs.some((shape) => shape === undefined)) continue
    const inferred = inferLayer(layer, inputs as Shape[], faults)
    shapes.set(layer.name, inferred?.output)
    for (const { name, shape } of inferred?.weights ?? []) weights.push({ name: `${layer.name}/${name}`, shape })
  }
  const outputShape = shapes.get(output)
  if (outputShape === undefined && faults.length === 0) faults.push(noOutput(output))
  return { outputShape: outputShape ?? [], weights, faults }
}

/** Layers after the ones that feed them; what is left in a circle or hangs on nothing is a fault. */
function inOrder(layers: readonly GraphLayer[], input: string, faults: Fault[]): GraphLayer[] {
  const done = new Set([input])
  const ordered: GraphLayer[] = []
  let waiting = layers.filter(({ name }) => name !== input)
  for (;;) {
    const ready = waiting.filter(({ inputs }) => inputs.length > 0 && inputs.every((name) => done.has(name)))
    if (ready.length === 0) break
    for (const layer of ready) done.add(layer.name)
    ordered.push(...ready)
    waiting = waiting.filter(({ name }) => !done.has(name))
  }
  for (const { path, inputs } of waiting)
    faults.push({
      path: `${path}/inbound_nodes`,
      message: 'the layer does not hang on the input',
      expected: 'inputs that lead back to the one input layer',
      received: inputs.join(', ') || 'no inputs',
    })
  return ordered
}

function inferLayer(layer: GraphLayer, inputs: readonly Shape[], faults: Fault[]) {
  const rule = Object.hasOwn(LAYER_RULES, layer.className) ? LAYER_RULES[layer.className] : undefined
  if (rule === undefined) {
    faults.push(notAllowed(layer))
    return undefined
  }
  const found = faultsFromSchemaErrors(
    Value.Errors(rule.config, layer.config),
    layer.config,
    rule.config,
    `${layer.path}/config`,
  )
  faults.push(...found)
  if (found.length > 0) return undefined
  const inferred = rule.infer(layer.config, inputs)
  if (typeof inferred !== 'string' && sizeOf(inferred.output) <= LARGEST_MAP) return inferred
  const received = typeof inferred === 'string' ? inferred : `a map of ${sizeOf(inferred.output)} values`
  faults.push({
    path: layer.path,
    message: `layer ${layer.name} does not fit`,
    expected: 'inputs that fit it',
    received,
  })
  return undefined
}

function notAllowed({ path, className }: GraphLayer): Fault {
  return {
    path: `${path}/class_name`,
    message: 'this layer is not allowed',
    expected: `one of InputLayer, ${Object.keys(LAYER_RULES).join(', ')}`,
    received: className,
  }
}

function repeatedName(layers: readonly GraphLayer[]): Fault {
  const names = layers.map(({ name }) => name)
  const at = names.findIndex((name, i) => names.indexOf(name) < i)
  const path = layers[at]?.path ?? ''
  return { path, message: 'two layers have the same name', expected: 'unique names', received: names[at] ?? '' }
}

function noOutput(output: string): Fault {
  return {
    path: '/modelTopology/config/output_layers',
    message: 'there is no such layer',
    expected: 'the name of a layer',
    received: output,
  }
}
