import { describe, expect, it } from 'vitest'
import { mean, ranks, spearman, standardError } from './statistics.mjs'

describe('mean', () => {
  it('is the sum over the number', () => {
    expect(mean([1, 2, 6])).toBe(3)
  })

  it('refuses an empty list', () => {
    expect(() => mean([])).toThrow('at least one')
  })
})

describe('standardError', () => {
  it('divides the deviation, over n − 1, by the root of n', () => {
    // deviations −3 −1 1 3, squares 20, variance 20/3, of the mean 20/12
    expect(standardError([1, 3, 5, 7])).toBeCloseTo(Math.sqrt(20 / 12), 12)
  })

  it('knows nothing of a single value', () => {
    expect(standardError([4])).toBeNull()
  })
})

describe('ranks', () => {
  it('lets equal values share the mean of their ranks', () => {
    expect([...ranks([10, 20, 10, 5])]).toEqual([2.5, 4, 2.5, 1])
  })
})

describe('spearman', () => {
  it('is 1 for whatever rises together, however bent', () => {
    expect(spearman([1, 2, 3, 4], [1, 10, 100, 1000])).toBeCloseTo(1, 12)
  })

  it('follows 1 − 6 Σd² / n(n² − 1) where no values are equal', () => {
    // ranks 1 2 3 4 and 2 1 4 3: d² sum 4
    expect(spearman([1, 2, 3, 4], [20, 10, 40, 30])).toBeCloseTo(1 - (6 * 4) / (4 * 15), 12)
  })

  it('refuses lists of different lengths', () => {
    expect(() => spearman([1, 2], [1])).toThrow('pairs')
  })
})
