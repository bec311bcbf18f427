// tfjs wraps a small part of TensorFlow's ops. This reaches every other one by its name in TensorFlow, eagerly and
// recorded alike. Such an op is not on tfjs's gradient tape: give it a gradient with tf.customGrad.
import { ATTR, dataTypeOf } from './data-types.ts'
import { type NativeAttr, nativeBackend } from './native-backend.ts'
import type { DataType, Tensor, Tf } from './tf.ts'

/** An attribute with its kind, as TensorFlow wants it. */
export type OpAttr =
  | { readonly type: DataType }
  | { readonly int: number | readonly number[] }
  | { readonly float: number | readonly number[] }
  | { readonly bool: boolean }
  | { readonly string: string }
  | { readonly shape: readonly number[] }

interface NativeOps {
  executeMultipleOutputs(op: string, attrs: NativeAttr[], inputs: Tensor[], outputs: number): Tensor[]
}

export interface Op {
  /** Name in TensorFlow's op registry, e.g. `FusedBatchNormV3`. */
  readonly op: string
  readonly attrs: Readonly<Record<string, OpAttr>>
  readonly inputs: readonly Tensor[]
  /** Number of outputs, default 1. */
  readonly outputs?: number
}

function nativeAttr(name: string, attr: OpAttr): NativeAttr {
  if ('type' in attr) return { name, type: ATTR.type, value: dataTypeOf(attr.type) }
  const [kind, value] = Object.entries(attr)[0] as [keyof typeof ATTR, unknown]
  return { name, type: ATTR[kind], value }
}

/**
 * Runs any TensorFlow op on the native backend.
 * @returns all its outputs, which are not on the gradient tape
 * @throws GraphError on another backend; TensorFlow's own error when op, attributes or inputs do not fit
 */
export function executeOp(tf: Tf, { op, attrs, inputs, outputs = 1 }: Op): Tensor[] {
  const backend = nativeBackend(tf) as unknown as NativeOps
  const nativeAttrs = Object.entries(attrs).map(([name, attr]) => nativeAttr(name, attr))
  return backend.executeMultipleOutputs(op, nativeAttrs, [...inputs], outputs)
}
