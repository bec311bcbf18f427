// Arithmetic on the shapes of one sample, as stock layers do it.

/** Sizes of the axes without the batch axis. */
export type Shape = readonly number[]

export function sizeOf(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1)
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis])
}

export interface Window {
  readonly kernel: readonly [number, number]
  readonly strides: readonly [number, number]
  readonly padding: 'same' | 'valid'
}

/** [height, width] after a sliding window; undefined when the window is larger than the map. */
export function slide(
  [height, width]: readonly [number, number],
  { kernel, strides, padding }: Window,
): readonly [number, number] | undefined {
  const after = (size: number, axis: 0 | 1) =>
    padding === 'same' ? Math.ceil(size / strides[axis]) : Math.floor((size - kernel[axis]) / strides[axis]) + 1
  const map = [after(height, 0), after(width, 1)] as const
  return map.every((size) => size >= 1) ? map : undefined
}
