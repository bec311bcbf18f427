// Shapes of one sample, without the batch axis.

export type Shape = readonly number[]

/** Values in a map of this shape. */
export function product(shape: Shape): number {
  return shape.reduce((size, axis) => size * axis, 1)
}

/** For messages. */
export function show(shape: Shape): string {
  return `[${shape.join(', ')}]`
}
