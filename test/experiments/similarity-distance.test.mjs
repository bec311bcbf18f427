import { describe, expect, it } from 'vitest'
import { similarityDistance } from './similarity-distance.mjs'

/** @param {number[]} shape @param {number[]} values */
const features = (shape, values) => ({ shape, values: Float32Array.from(values) })
const one = features([2, 2], [1, 0, 1, 1])

describe('similarityDistance', () => {
  it('is nothing between features that are turned and scaled', () => {
    expect(similarityDistance(one, features([2, 1, 2], [0, 3, -3, 3]), 2)).toBeCloseTo(0, 12)
  })

  it('is the mean squared difference of inner products, rows of length one', () => {
    // G of one: [1 1] / √2 and [1 2] / √5; of the other: the identity
    const squares = [(Math.SQRT1_2 - 1) ** 2, 0.5, 0.2, (2 / Math.sqrt(5) - 1) ** 2]
    const expected = squares.reduce((sum, value) => sum + value, 0) / 4
    expect(similarityDistance(one, features([2, 2], [1, 0, 0, 1]), 2)).toBeCloseTo(expected, 6)
  })

  it('compares samples of one batch only, and leaves out what is no whole batch', () => {
    const [a, b] = [features([3, 1], [1, -1, 2]), features([3, 1], [1, 1, -2])]
    expect(similarityDistance(a, b, 1)).toBe(0)
    expect(similarityDistance(a, b, 2)).toBeCloseTo(1, 12)
  })
})
