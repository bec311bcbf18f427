// TensorFlow's DataType and attribute-type numbers, and tfjs's names for those that it knows.
import type { DataType } from './tf.ts'

export const DT = {
  float32: 1,
  int32: 3,
  uint8: 4,
  string: 7,
  complex64: 8,
  int64: 9,
  bool: 10,
  uint16: 17,
  float16: 19,
  resource: 20,
} as const

/** Kinds of attributes in the native call (TF_AttrType). */
export const ATTR = { string: 0, int: 1, float: 2, bool: 3, type: 4, shape: 5 } as const

/** The DataType number of a tfjs dtype. */
export function dataTypeOf(dtype: DataType): number {
  return DT[dtype]
}

/** A readable name of a DataType number, for messages. */
export function dataTypeName(dtype: number): string {
  return Object.entries(DT).find(([, number]) => number === dtype)?.[0] ?? `DataType ${dtype}`
}
