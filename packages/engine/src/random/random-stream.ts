// Numbers drawn one after another from a key, for places where JavaScript draws: initial weights, orders, augmentation.
import type { RandomKey } from './random-key.ts'
import { threefry } from './threefry.ts'

export interface RandomStream {
  /** Uniform in [0, 1) with 32 random bits. */
  uniform(): number
  /** Uniform integer in [0, bound), bound ≤ 2^21 without measurable bias. */
  below(bound: number): number
  /** Standard normal (Box–Muller). */
  normal(): number
}

/** The stream of a key always starts at its first number. */
export function randomStream(key: RandomKey): RandomStream {
  const block = new Uint32Array(2)
  let counter = 0
  let spare = false
  let spareNormal = Number.NaN
  const word = (): number => {
    if (spare) {
      spare = false
      return block[1] as number
    }
    threefry(key, counter++, 0, block)
    spare = true
    return block[0] as number
  }
  return {
    uniform: () => word() / 2 ** 32,
    below: (bound) => Math.floor((word() / 2 ** 32) * bound),
    normal: () => {
      if (!Number.isNaN(spareNormal)) {
        const kept = spareNormal
        spareNormal = Number.NaN
        return kept
      }
      const radius = Math.sqrt(-2 * Math.log((word() + 0.5) / 2 ** 32))
      const angle = (2 * Math.PI * word()) / 2 ** 32
      spareNormal = radius * Math.sin(angle)
      return radius * Math.cos(angle)
    },
  }
}
