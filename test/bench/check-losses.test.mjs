import { describe, expect, it } from 'vitest'
import { checkLosses, compare } from './check-losses.mjs'

describe('compare', () => {
  it('gives the largest relative difference from the first competitor', () => {
    expect(compare({ a: [2, 4], b: [2, 4], c: [2.0001, 4] })).toBeCloseTo(5e-5, 9)
  })

  it('names the competitor that computes something else', () => {
    expect(() => compare({ ours: [2, 4], theirs: [2, 4.1] })).toThrow('theirs does not compute what ours does')
  })

  it.each([[[2]], [[2, Number.NaN]]])('takes %j for another computation than two losses', (received) => {
    expect(() => compare({ ours: [2, 4], theirs: received })).toThrow('theirs')
  })
})

describe('checkLosses', () => {
  it('also compares the variants of one peer in the form in which they are timed', async () => {
    const competitor = (/** @type {string} */ name, /** @type {Record<string, number[]>} */ answer) => ({
      name,
      ask: async () => answer,
    })
    const ours = competitor('ours', { losses: [1, 1, 1] })
    const eager = competitor('eager', { losses: [1, 1, 1], asTimed: [3, 3, 3] })
    const fast = competitor('fast', { losses: [1, 1, 1], asTimed: [3, 3, 2] })
    await expect(checkLosses([ours, eager])).resolves.toMatchObject({ largestDifference: 0 })
    await expect(checkLosses([ours, eager, fast])).rejects.toThrow('fast does not compute what eager does')
  })
})
