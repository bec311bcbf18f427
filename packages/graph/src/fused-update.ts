// TensorFlow has whole optimiser updates as one op each, which work on a variable in place. tfjs's variables cannot be
// handed to them eagerly, so an update is computed of tfjs ops and, while it is recorded, also described: what changed, and
// by which op. The graph takes the op where the description holds, and what was computed otherwise.
import type { NodeAttr, ValueRef } from './graph-node.ts'
import { isNative, nativeBackend } from './native-backend.ts'
import type { Tensor, Tf } from './tf.ts'

/** A recorded update, as values of the graph. */
export interface RecordedUpdate {
  /** Op that changes variables, e.g. `ResourceApplyMomentum`; its inputs are their handles, then `inputs`. */
  readonly op: string
  readonly attrs: Readonly<Record<string, NodeAttr>>
  readonly states: readonly { readonly before: ValueRef; readonly after: ValueRef }[]
  readonly inputs: readonly ValueRef[]
}

export interface FusedUpdate extends Pick<RecordedUpdate, 'op' | 'attrs'> {
  /** In the order of the op's handles. */
  readonly states: readonly { readonly before: Tensor; readonly after: Tensor }[]
  /** What follows the handles; only asked for while recording. */
  readonly inputs: () => readonly Tensor[]
}

/** What the recorder's binding has besides the native one's, when the graph is for a session of this process. */
export interface RecordingBinding {
  recordUpdate?(op: string, attrs: Readonly<Record<string, NodeAttr>>, ids: UpdateIds): void
}

export interface UpdateIds {
  readonly before: readonly number[]
  readonly after: readonly number[]
  readonly inputs: readonly number[]
}

/** Says that `op` gives what was just computed; of no effect unless a step is being recorded. */
export function describeUpdate(tf: Tf, { op, attrs, states, inputs }: FusedUpdate): void {
  if (!isNative(tf)) return
  const backend = nativeBackend(tf)
  const recording = backend.binding as RecordingBinding
  const ids = (tensors: readonly Tensor[]) => backend.getInputTensorIds(tensors)
  recording.recordUpdate?.(op, attrs, {
    before: ids(states.map(({ before }) => before)),
    after: ids(states.map(({ after }) => after)),
    inputs: ids(inputs()),
  })
}

/**
 * Whether what happens now becomes part of a graph for this machine's processor. There it pays to have two independent
 * chains of ops in place of one: while the threads of one op wait for the slowest of them, the other chain goes on.
 */
export function isTracedForCpu(tf: Tf): boolean {
  if (!isNative(tf)) return false
  const backend = nativeBackend(tf)
  return (backend.binding as RecordingBinding).recordUpdate !== undefined && !backend.isUsingGpuDevice
}
