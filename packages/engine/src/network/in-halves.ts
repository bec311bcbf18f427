// A pass over a batch as two passes over its halves, for a graph whose ops share the processor: two chains keep the threads
// busy where one makes them wait for each other after every op. Only for passes in which samples do not see each other.
import type { Outputs } from '../contracts/network.ts'
import type { Tensor, Tf } from '../contracts/tf.ts'

/**
 * @param x [B, …], B even
 * @returns the outputs of both halves, joined when they are asked for
 */
export function inHalves(tf: Tf, x: Tensor, run: (half: Tensor) => Outputs): Outputs {
  const halves = tf.split(x, 2).map(run)
  const known = new Map<string, Tensor>()
  const joined = (key: string, read: (half: Outputs) => Tensor): Tensor => {
    const before = known.get(key)
    if (before !== undefined && !before.isDisposed) return before
    const value = tf.concat(halves.map(read))
    known.set(key, value)
    return value
  }
  return {
    get logits() {
      return joined('', (half) => half.logits)
    },
    tap: (name) => joined(name, (half) => half.tap(name)),
  }
}
