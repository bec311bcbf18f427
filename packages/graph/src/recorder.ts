// Turns native calls into graph nodes while they happen. Every op of the native backend goes through `executeOp` and
// every JavaScript value through `createTensor`, so wrapping these two sees the whole step: forward passes, gradients,
// custom gradients, optimiser arithmetic. Values are followed by the ids of native tensors, which are never used twice;
// an id that is not known was made before the step and is a constant of it.
import { ATTR, DT, dataTypeName } from './data-types.ts'
import type { RecordedUpdate, RecordingBinding, UpdateIds } from './fused-update.ts'
import { GraphError } from './graph-error.ts'
import type { ConstantValue, GraphNode, NodeAttr, ValueRef } from './graph-node.ts'
import type { Binding, NativeAttr } from './native-backend.ts'
import { stepPlace } from './step-place.ts'

/** Ops that draw from a state outside the graph's inputs: a resumed run would draw other numbers. */
const STATEFUL_RANDOM = new Set([
  'Multinomial',
  'ParameterizedTruncatedNormal',
  'RandomGamma',
  'RandomPoissonV2',
  'RandomShuffle',
  'RandomStandardNormal',
  'RandomUniform',
  'RandomUniformInt',
  'TruncatedNormal',
])

/** Type attributes that tfjs leaves to the eager runtime to infer: op → attribute → the input that has the type. */
const INFERRED: Readonly<Record<string, Readonly<Record<string, number>>>> = { ExpandDims: { T: 0 } }

interface NewNode {
  readonly op: string
  readonly attrs: Readonly<Record<string, NodeAttr>>
  readonly inputs?: readonly ValueRef[]
  readonly controls?: readonly GraphNode[]
}

export type AddNode = (node: NewNode) => GraphNode

export interface Recorder {
  /** Stands in for the backend's binding while the step runs. */
  readonly binding: Binding
  /** Optimiser updates of which the step says that TensorFlow has them as one op. */
  readonly updates: readonly RecordedUpdate[]
  /** Adds a node that no native call made, under a name that is free. */
  readonly add: AddNode
  /** Says what a native tensor is in the graph. */
  bind(id: number, value: ValueRef): void
  /** What a native tensor is in the graph; a constant when nothing recorded made it. */
  refOf(id: number): ValueRef
  /** Throws unless the tensor is a constant. */
  refuseRead(id: number): void
}

function nodeAttr({ type, value }: NativeAttr): NodeAttr {
  const list = Array.isArray(value)
  if (type === ATTR.type) return { type: value as number }
  if (type === ATTR.shape) return { shape: value as number[] }
  if (type === ATTR.string) return { string: value as string }
  if (type === ATTR.int) return list ? { ints: value } : { int: value as number }
  if (type === ATTR.float) return list ? { floats: value } : { float: value as number }
  return list ? { bools: value } : { bool: value as boolean }
}

function nodeAttrs(op: string, attrs: readonly NativeAttr[], inputs: readonly ValueRef[]): Record<string, NodeAttr> {
  const inferred = Object.entries(INFERRED[op] ?? {}).map(
    ([name, i]) => [name, { type: inputs[i]?.dtype ?? 0 }] as const,
  )
  return Object.fromEntries([...inferred, ...attrs.map((attr) => [attr.name, nodeAttr(attr)] as const)])
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice()
}

/**
 * @param name of the step, for messages
 * @param session whether the graph will run in a session of this process, rather than be written down for others
 */
export function createRecorder(native: Binding, name: string, session: boolean): Recorder {
  const values = new Map<number, ValueRef>()
  let nodes = 0

  const add: AddNode = ({ op, attrs, inputs = [], controls = [] }) => {
    const name = `${op}_${nodes++}`
    return { name, op, inputs, controls, attrs }
  }

  function constant(value: ConstantValue): ValueRef {
    if (value.dtype === DT.string) throw new GraphError(`Step '${name}' cannot be traced: it uses a string tensor.`)
    const attrs = { dtype: { type: value.dtype }, value: { tensor: value } }
    return { node: add({ op: 'Const', attrs }), index: 0, dtype: value.dtype, shape: value.shape }
  }

  /** An id alone has no shape; TensorFlow's answer to an identity has. */
  function outsideConstant(id: number): ValueRef {
    const [copy] = native.executeOp('Identity', [], [id], 1)
    if (copy === undefined) throw new GraphError(`Step '${name}' cannot be traced: tensor ${id} is gone.`)
    native.deleteTensor(copy.id)
    return constant({ dtype: copy.dtype, shape: copy.shape, bytes: bytesOf(native.tensorDataSync(id)) })
  }

  function refOf(id: number): ValueRef {
    const known = values.get(id) ?? outsideConstant(id)
    values.set(id, known)
    return known
  }

  function refuseRead(id: number): void {
    const { op } = refOf(id).node
    if (op === 'Const') return
    const what = op === 'DeepCopy' ? 'one of its inputs' : op === 'ReadVariableOp' ? 'a variable' : `a result of ${op}`
    throw new GraphError(
      `Step '${name}' cannot be traced: it reads a value of ${what} (dataSync, data, arraySync, array, print) at ${stepPlace()}. A graph has no values while it is built: return the tensor as an output, or choose with tf.where.`,
    )
  }

  function executeOp(op: string, attrs: NativeAttr[], ids: number[], outputs: number) {
    if (STATEFUL_RANDOM.has(op)) {
      throw new GraphError(
        `Step '${name}' cannot be traced: ${op} draws random numbers that a resumed run would not draw again, at ${stepPlace()}. Use statelessUniform or statelessNormal.`,
      )
    }
    const inputs = ids.map(refOf)
    const results = native.executeOp(op, attrs, ids, outputs)
    const node = add({ op, attrs: nodeAttrs(op, attrs, inputs), inputs })
    results.forEach(({ id, dtype, shape }, index) => {
      values.set(id, { node, index, dtype, shape })
    })
    return results
  }

  function createTensor(shape: number[], dtype: number, data: ArrayBufferView | Uint8Array[]): number {
    const id = native.createTensor(shape, dtype, data)
    if (Array.isArray(data))
      throw new GraphError(`Step '${name}' cannot be traced: it uses a ${dataTypeName(dtype)} tensor.`)
    values.set(id, constant({ dtype, shape: [...shape], bytes: bytesOf(data) }))
    return id
  }

  function tensorDataSync(id: number): ArrayBufferView {
    refuseRead(id)
    return native.tensorDataSync(id)
  }

  const updates: RecordedUpdate[] = []
  function recordUpdate(op: string, attrs: Readonly<Record<string, NodeAttr>>, ids: UpdateIds): void {
    const after = ids.after.map(refOf)
    const states = ids.before.map((id, i) => ({ before: refOf(id), after: after[i] as ValueRef }))
    updates.push({ op, attrs, states, inputs: ids.inputs.map(refOf) })
  }

  // The binding's own properties are read-only, so they cannot be assigned on an object that inherits from it.
  const binding = Object.create(native) as Binding & RecordingBinding
  const own = { executeOp, createTensor, tensorDataSync, ...(session ? { recordUpdate } : {}) }
  for (const [key, value] of Object.entries(own)) {
    Object.defineProperty(binding, key, { value })
  }
  return { binding, updates, add, refOf, refuseRead, bind: (id, value) => void values.set(id, value) }
}
