// Repeatable test data.
import type { Tensor, Tf } from '../src/tf.ts'

/** Numbers in [−1, 1) from a linear congruential generator. */
export function randomTensor(tf: Tf, shape: number[], seed: number): Tensor {
  let state = seed * 7919 + 1
  const next = () => {
    state = (state * 48271) % 2147483647
    return (state / 2147483647) * 2 - 1
  }
  return tf.tensor(Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, next), shape)
}
