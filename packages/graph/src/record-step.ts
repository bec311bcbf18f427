// One recorded run of a function: what goes in, what comes out, which variables it read and what it left in them.
import { checkOutputs, type Remains, refuseRemains } from './check-recording.ts'
import { DT, dataTypeOf } from './data-types.ts'
import type { RecordedUpdate } from './fused-update.ts'
import type { GraphNode, ValueRef } from './graph-node.ts'
import { guardVariables, privateCopy } from './guard-variables.ts'
import { intercept } from './intercept.ts'
import { type NativeBackend, nativeBackend } from './native-backend.ts'
import { type AddNode, createRecorder, type Recorder } from './recorder.ts'
import type { DataType, Tensor, Tf, Variable } from './tf.ts'

export interface InputSignature {
  readonly name: string
  readonly dtype: DataType
  readonly shape: readonly number[]
}

interface RecordedInput extends InputSignature {
  readonly placeholder: GraphNode
}

export interface RecordedVariable {
  readonly variable: Variable
  /** Resource handle in the graph's session. */
  readonly handle: ValueRef
  /** The value at the start of the step. */
  readonly read: GraphNode
  /** What the step leaves in it; null when it does not change it. */
  readonly final: ValueRef | null
}

export type ChangedVariable = RecordedVariable & { readonly final: ValueRef }

export interface Recording {
  readonly inputs: readonly RecordedInput[]
  readonly outputs: Readonly<Record<string, ValueRef>>
  readonly variables: readonly RecordedVariable[]
  /** Optimiser updates that have an op of their own, in order. */
  readonly updates: readonly RecordedUpdate[]
  /** Adds nodes that go with the recorded ones. */
  readonly add: AddNode
}

export interface RecordOptions {
  readonly tf: Tf
  readonly step: (inputs: Record<string, Tensor>) => Record<string, Tensor>
  readonly inputs: Readonly<Record<string, Tensor>>
  readonly variables: readonly Variable[]
  readonly name: string
  /**
   * Whether the graph copies its inputs into its own memory. It must when it has variables: one may come to hold an
   * input's memory, which V8 may own, and the thread that drops it last would have to tell V8, which only the main thread may.
   */
  readonly ownInputs: boolean
}

/** The step's own inputs: the example tensors may share buffers with each other or with variables. */
function feedInputs({ inputs: examples, backend, recorder, ownInputs }: RunContext) {
  const tensors: Record<string, Tensor> = {}
  const inputs = Object.entries(examples).map(([name, example]): RecordedInput => {
    const copy = privateCopy(backend, example)
    const { shape } = example
    const dtype = dataTypeOf(example.dtype)
    const attrs = { dtype: { type: dtype }, shape: { shape } }
    const fed = { node: recorder.add({ op: 'Placeholder', attrs }), index: 0, dtype, shape }
    const deepCopy = () => recorder.add({ op: 'DeepCopy', attrs: { T: { type: dtype } }, inputs: [fed] })
    recorder.bind(copy.id, ownInputs ? { ...fed, node: deepCopy() } : fed)
    tensors[name] = copy.tensor
    return { name, placeholder: fed.node, dtype: example.dtype, shape }
  })
  return { tensors, inputs }
}

function addVariables(startIds: ReadonlyMap<Variable, number>, recorder: Recorder) {
  return [...startIds].map(([variable, id], i) => {
    const { shape } = variable
    const type = dataTypeOf(variable.dtype)
    const attrs = { dtype: { type }, shape: { shape }, shared_name: { string: `variable_${i}` } }
    const handle = { node: recorder.add({ op: 'VarHandleOp', attrs }), index: 0, dtype: DT.resource, shape: [] }
    const read = recorder.add({ op: 'ReadVariableOp', attrs: { dtype: { type } }, inputs: [handle] })
    recorder.bind(id, { node: read, index: 0, dtype: type, shape })
    return { variable, handle, read }
  })
}

interface RunContext extends RecordOptions {
  readonly backend: NativeBackend
  readonly recorder: Recorder
  readonly startIds: ReadonlyMap<Variable, number>
}

function runRecorded(context: RunContext): Recording {
  const { backend, recorder, name } = context
  const { tensors, inputs } = feedInputs(context)
  const started = addVariables(context.startIds, recorder)
  const interception = intercept(backend, recorder, name)
  try {
    const outputs = context.step(tensors)
    checkOutputs(name, outputs)
    interception.check()
    const refOf = (tensor: Tensor) => recorder.refOf(backend.getInputTensorIds([tensor])[0] as number)
    const named = Object.entries(outputs).map(([key, tensor]) => [key, refOf(tensor)] as const)
    const variables = started.map((entry): RecordedVariable => {
      const final = refOf(entry.variable)
      return { ...entry, final: final.node === entry.read ? null : final }
    })
    return { inputs, outputs: Object.fromEntries(named), variables, updates: recorder.updates, add: recorder.add }
  } finally {
    interception.end()
  }
}

/**
 * Runs `step` once while recording it. Nothing that it changed remains.
 * @throws GraphError when it reads values, draws random numbers, makes variables, changes unlisted ones or keeps tensors
 */
export function recordStep(options: RecordOptions): Recording {
  const { tf, variables, name } = options
  const backend = nativeBackend(tf)
  const recorder = createRecorder(backend.binding, name, options.ownInputs)
  const guard = guardVariables({ tf, backend, variables, name })
  const tensors = tf.memory().numTensors
  let remains: Remains = { created: [], changed: [], kept: 0 }
  let recording: Recording | undefined
  try {
    tf.tidy(() => {
      recording = runRecorded({ ...options, backend, recorder, startIds: guard.startIds })
    })
  } finally {
    const left = tf.memory().numTensors - tensors
    const { created, changed } = guard.restore()
    remains = { created, changed, kept: left - created.length }
  }
  refuseRemains(name, remains)
  return recording as unknown as Recording
}
