// Central differences, to hold a hand-written gradient against.
import type { Scalar, Tensor, Tf } from '../src/tf.ts'

/** ∂f/∂x by (f(x + h) − f(x − h)) / 2h for each element; float32, so good to about 1e-3 of the largest. */
export function numericGradient(tf: Tf, f: (x: Tensor) => Scalar, x: Tensor): number[] {
  const h = 1e-2
  const values = x.dataSync()
  const at = (i: number, delta: number) =>
    tf.tidy(
      () =>
        f(
          tf.tensor(
            values.map((value, j) => (i === j ? value + delta : value)),
            x.shape,
          ),
        ).dataSync()[0] as number,
    )
  return Array.from(values, (_, i) => (at(i, h) - at(i, -h)) / (2 * h))
}

/** Largest difference of two lists of numbers. */
export function worst(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY
  return Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0)
}
