// A random order that is a function of its key alone.
import type { RandomKey } from './random-key.ts'
import { randomStream } from './random-stream.ts'

/** The numbers 0 … size − 1 in the order of `key` (Fisher–Yates). */
export function permutation(size: number, key: RandomKey): Int32Array {
  const order = Int32Array.from({ length: size }, (_, i) => i)
  const random = randomStream(key)
  for (let i = size - 1; i > 0; i--) {
    const j = random.below(i + 1)
    const kept = order[i] as number
    order[i] = order[j] as number
    order[j] = kept
  }
  return order
}
