// Judges a tfjs LayersModel by its files alone, without tensors: the API does this with an upload before anything else
// touches it, since a model.json can name any registered class.
import type { Fault } from '@stillhouse/spec'
import { checkWeights } from './check-weights.ts'
import { inferGraph } from './infer-graph.ts'
import { initializerFaults } from './initializer-faults.ts'
import { type Graph, readTopology } from './read-topology.ts'
import { sizeOf } from './shapes.ts'

export type CheckedLayersModel =
  | {
      readonly ok: true
      /** Without the batch axis. */
      readonly inputShape: readonly number[]
      readonly outputShape: readonly number[]
      /** Numbers in the weights that training changes: batch-norm statistics are not counted. */
      readonly params: number
    }
  | { readonly ok: false; readonly faults: readonly Fault[] }

/**
 * @param json the parsed model.json
 * @param weightBytes all weight files, one after another
 */
export function checkLayersModel(json: unknown, weightBytes: Uint8Array): CheckedLayersModel {
  const { topology, path } = topologyOf(json)
  const read = readTopology(topology, path)
  if (!read.ok) return read
  const { outputShape, weights, faults: misfits } = inferGraph(read.graph)
  const faults = [...misfits, ...initializerFaults(read.graph.layers), ...outputFaults(read.graph)]
  if (faults.length > 0) return { ok: false, faults }
  const weightFaults = checkWeights((json as { weightsManifest?: unknown }).weightsManifest, weightBytes, weights)
  if (weightFaults.length > 0) return { ok: false, faults: weightFaults }
  const trained = weights.filter(({ name }) => !name.includes('/moving_'))
  const params = trained.reduce((sum, { shape }) => sum + sizeOf(shape), 0)
  return { ok: true, inputShape: read.graph.inputShape, outputShape, params }
}

/** tfjs writes the model itself under `modelTopology`; the Keras converter puts it one level deeper. */
function topologyOf(json: unknown): { topology: unknown; path: string } {
  const topology = (Object(json) as { modelTopology?: unknown }).modelTopology
  const inner = (Object(topology) as { model_config?: unknown }).model_config
  return inner === undefined
    ? { topology, path: '/modelTopology' }
    : { topology: inner, path: '/modelTopology/model_config' }
}

/** A last softmax can be undone, since its logarithm is a logit; a sigmoid per class is another kind of answer. */
function outputFaults({ layers, output }: Graph): Fault[] {
  const last = layers.find(({ name }) => name === output)
  if (last?.config['activation'] !== 'sigmoid' && last?.config['activation'] !== 'hard_sigmoid') return []
  const expected = 'logits, or a softmax over the classes'
  return [{ path: last.path, message: 'the model ends in a sigmoid per class', expected, received: 'sigmoid' }]
}
