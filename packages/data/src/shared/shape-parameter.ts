// The parameters with which formats that hold anything say what one sample looks like: known before the data is read.
import { Type } from 'typebox'

export function shapeParameter(shape: readonly number[], description: string) {
  return Type.Array(Type.Integer({ minimum: 1, maximum: 1_000_000 }), {
    minItems: 1,
    maxItems: 4,
    default: [...shape],
    description,
  })
}

export function classesParameter(classes: number) {
  return Type.Integer({ minimum: 2, maximum: 1_000_000, default: classes, description: 'number of classes' })
}

/** Values in one sample. */
export function lengthOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}
