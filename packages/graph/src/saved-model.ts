// A forward pass as a SavedModel that any TensorFlow opens: weights are constants, so there is nothing to restore.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { anyBatch, anyShape } from './any-batch.ts'
import { dataTypeOf } from './data-types.ts'
import { encodeSavedModel, type SignatureTensor } from './encode-graph.ts'
import { fuseNodes } from './fuse-nodes.ts'
import { GraphError } from './graph-error.ts'
import { type GraphNode, reachable, type ValueRef } from './graph-node.ts'
import { installNativeKernels } from './native-kernels.ts'
import { type Recording, recordStep } from './record-step.ts'
import { type StoreConstant, storeConstants } from './store-constants.ts'
import type { Tensor, Tf } from './tf.ts'

export interface SavedModelOptions {
  readonly tf: Tf
  /** Forward pass, named tensors in and out; traced like a step, with every weight as a constant. */
  readonly predict: (inputs: Record<string, Tensor>) => Record<string, Tensor>
  /** Examples, for dtype and shape; their first axis is the batch. Not kept, not disposed. */
  readonly inputs: Readonly<Record<string, Tensor>>
  /** Folder to write `saved_model.pb` into; made when missing. */
  readonly dir: string
  /** Default `serving_default`. */
  readonly signature?: string
  /** `any` (default): the first axis of every input may have any size; `fixed`: as in the examples. */
  readonly batch?: 'any' | 'fixed'
  /** How float32 constants are kept in the file; as they are, by default and where it gives null. */
  readonly store?: StoreConstant
}

interface Frozen {
  readonly nodes: readonly GraphNode[]
  readonly recording: Recording
  readonly outputs: Readonly<Record<string, ValueRef>>
}

function freeze(options: SavedModelOptions, inputs: Readonly<Record<string, Tensor>>): Frozen {
  const name = options.signature ?? 'serving_default'
  const recording = recordStep({ tf: options.tf, step: options.predict, inputs, variables: [], name, ownInputs: false })
  const entries = Object.entries(recording.outputs).map(([key, value]) => {
    const node = recording.add({ op: 'Identity', attrs: { T: { type: value.dtype } }, inputs: [value] })
    return [key, { ...value, node, index: 0 }] as const
  })
  const roots = [...recording.inputs.map(({ placeholder }) => placeholder), ...entries.map(([, { node }]) => node)]
  if (entries.length === 0) throw new GraphError(`Signature '${name}' has no outputs. Expected named tensors.`)
  return { nodes: reachable(roots), recording, outputs: Object.fromEntries(entries) }
}

/** The first sample of an example, `size` times. */
function repeated(tf: Tf, example: Tensor, size: number): Tensor {
  if (example.rank === 0) throw new GraphError('A scalar input has no batch axis. Use batch: fixed.')
  return tf.tidy(() => tf.concat(Array.from({ length: size }, () => tf.slice(example, 0, 1))))
}

function freezeWithBatch(options: SavedModelOptions, size: number): Frozen {
  const { tf, inputs } = options
  const entries = Object.entries(inputs).map(([key, example]) => [key, repeated(tf, example, size)] as const)
  try {
    return freeze(options, Object.fromEntries(entries))
  } finally {
    tf.dispose(entries.map(([, tensor]) => tensor))
  }
}

function signatureTensors(a: Frozen, b: Frozen) {
  const inputs = a.recording.inputs.map(({ name, placeholder, dtype, shape }, i): [string, SignatureTensor] => {
    const other = b.recording.inputs[i]?.shape ?? shape
    return [name, { name: `${placeholder.name}:0`, dtype: dataTypeOf(dtype), shape: anyShape(shape, other) }]
  })
  const outputs = Object.entries(a.outputs).map(([key, { node, dtype, shape }]): [string, SignatureTensor] => {
    const other = b.outputs[key]?.shape ?? shape
    return [key, { name: `${node.name}:0`, dtype, shape: anyShape(shape, other) }]
  })
  return { inputs: Object.fromEntries(inputs), outputs: Object.fromEntries(outputs) }
}

/** Without what fusing has made useless: filters whose batch norm is in another now would be most of a file. */
function needed(nodes: readonly GraphNode[], { recording, outputs }: Frozen): GraphNode[] {
  const ends = [
    ...recording.inputs.map(({ placeholder }) => placeholder),
    ...Object.values(outputs).map(({ node }) => node),
  ]
  const names = new Set(ends.map(({ name }) => name))
  // Readers come after what they read.
  const kept = nodes.toReversed().filter((node) => {
    if (!names.has(node.name)) return false
    for (const read of [...node.inputs.map((ref) => ref.node), ...node.controls]) names.add(read.name)
    return true
  })
  return kept.reverse()
}

/** Weights whose values are still in JavaScript would get other nodes than those that TensorFlow has already. */
function handOver({ tf, predict, inputs }: SavedModelOptions): void {
  tf.tidy(() => void predict({ ...inputs }))
}

/**
 * Writes `predict` as an inference SavedModel with one signature. Equal weights give equal bytes.
 * @throws GraphError when `predict` cannot be traced, or holds its batch size where no graph can leave it open
 */
export function writeSavedModel(options: SavedModelOptions): void {
  installNativeKernels(options.tf)
  handOver(options)
  const fixed = options.batch === 'fixed'
  const first = fixed ? freeze(options, options.inputs) : freezeWithBatch(options, 2)
  const second = fixed ? first : freezeWithBatch(options, 3)
  const frozen = fixed ? first.nodes : anyBatch(first.nodes, second.nodes)
  const fused = fuseNodes(options.store ? storeConstants(frozen, options.store) : frozen)
  const nodes = needed(fused, first)
  const signatures = { [options.signature ?? 'serving_default']: signatureTensors(first, second) }
  mkdirSync(options.dir, { recursive: true })
  writeFileSync(join(options.dir, 'saved_model.pb'), encodeSavedModel({ nodes, signatures }))
}
