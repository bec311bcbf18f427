// The part of tfjs-node's backend that this package stands on. It is not in tfjs's public types; every use of it goes
// through here, so that a change in the binding shows up in one file.
import { GraphError } from './graph-error.ts'
import type { Tensor, Tf } from './tf.ts'

interface TensorMetadata {
  readonly id: number
  readonly shape: number[]
  /** A number of TensorFlow's DataType enum. */
  readonly dtype: number
}

export interface NativeAttr {
  readonly name: string
  readonly type: number
  readonly value: unknown
}

/** The native module: ids stand for tensors and are never used twice. */
export interface Binding {
  createTensor(shape: number[], dtype: number, values: ArrayBufferView | Uint8Array[]): number
  deleteTensor(id: number): void
  tensorDataSync(id: number): ArrayBufferView
  executeOp(op: string, attrs: NativeAttr[], inputs: number[], outputs: number): TensorMetadata[]
  loadSavedModel(folder: string, tags: string): number
  deleteSavedModel(id: number): void
  runSavedModel(id: number, inputs: number[], feeds: string, fetches: string): TensorMetadata[]
  getNumOfTensors(): number
  readonly TF_Version: string
}

export interface NativeBackend {
  binding: Binding
  /** Whether TensorFlow puts tensors on a GPU. */
  readonly isUsingGpuDevice: boolean
  /** Ids of tensors; hands values that still wait in JavaScript to TensorFlow first. */
  getInputTensorIds(tensors: readonly Tensor[]): number[]
  /** Behind tfjs's data() and array(). */
  read(dataId: object): Promise<unknown>
  createOutputTensor(metadata: TensorMetadata): Tensor
}

/** Whether the current backend of `tf` runs native TensorFlow. */
export function isNative(tf: Tf): boolean {
  const backend = tf.backend() as unknown as Partial<NativeBackend>
  return typeof backend.binding?.executeOp === 'function'
}

/** @throws GraphError when the current backend is another one */
export function nativeBackend(tf: Tf): NativeBackend {
  if (!isNative(tf)) {
    throw new GraphError(
      `Native TensorFlow is needed here, but the current backend is '${tf.getBackend()}'. Load @tensorflow/tfjs-node-gpu and call tf.setBackend('tensorflow').`,
    )
  }
  return tf.backend() as unknown as NativeBackend
}
