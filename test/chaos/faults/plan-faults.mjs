// Which faults come in which order, where, and for how long: fixed by the seed before anything runs. When each comes
// depends on how far the jobs are, so that the last fault still finds jobs to hit.
import { createRandom, shuffled } from '../random.mjs'

/**
 * @typedef {{kind: import('./fault-kinds.mjs').FaultKind, seconds: number, chance: number}} PlannedFault
 *   `chance` in [0, 1) picks the target among those that there are
 */

/**
 * @param {readonly import('./fault-kinds.mjs').FaultKind[]} kinds all equally often, as far as the count goes
 * @param {{seed: number, count: number}} options
 * @returns {PlannedFault[]}
 */
export function planFaults(kinds, { seed, count }) {
  const random = createRandom(seed)
  const rounds = Math.ceil(count / kinds.length)
  return Array.from({ length: rounds }, () => shuffled(kinds, random))
    .flat()
    .slice(0, count)
    .map((kind) => {
      const [least, most] = kind.seconds
      return { kind, seconds: least + (most - least) * random(), chance: random() }
    })
}

/** @template T @param {readonly T[]} items @param {number} chance @returns {T | undefined} */
export function pick(items, chance) {
  return items[Math.floor(chance * items.length)]
}
