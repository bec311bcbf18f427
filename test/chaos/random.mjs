// Numbers that look random and are the same for the same seed: a run that found something can be run again.

/**
 * @param {number} seed whole number
 * @returns {() => number} each call gives a number in [0, 1); the generator is mulberry32, which is in the public domain
 */
export function createRandom(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/**
 * @template T
 * @param {readonly T[]} items
 * @param {() => number} random
 * @returns {T[]} the items in another order
 */
export function shuffled(items, random) {
  const left = [...items]
  return items.map(() => /** @type {T} */ (left.splice(Math.floor(random() * left.length), 1)[0]))
}
