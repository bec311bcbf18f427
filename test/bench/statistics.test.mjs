import { describe, expect, it } from 'vitest'
import { fitLine, median, ratios, spread } from './statistics.mjs'

describe('median', () => {
  it('is the middle of an odd number of values, in whatever order', () => {
    expect(median([9, 1, 5])).toBe(5)
  })

  it('is the mean of the middle two of an even number', () => {
    expect(median([10, 1, 2, 4])).toBe(3)
  })

  it('sorts numbers as numbers and leaves the caller its order', () => {
    const values = [100, 20, 3]
    expect(median(values)).toBe(20)
    expect(values).toEqual([100, 20, 3])
  })

  it('refuses no values', () => {
    expect(() => median([])).toThrow('at least one')
  })
})

describe('spread', () => {
  it('gives the ends beside the middle', () => {
    expect(spread([2, 8, 4])).toEqual({ median: 4, min: 2, max: 8 })
  })
})

describe('ratios', () => {
  it('compares round with round before it takes the middle', () => {
    expect(ratios([20, 90, 40], [10, 30, 10])).toEqual({ median: 3, min: 2, max: 4 })
  })

  it('refuses sides with different numbers of rounds', () => {
    expect(() => ratios([1, 2], [1])).toThrow('same rounds')
  })
})

describe('fitLine', () => {
  it('finds the line that points lie on', () => {
    const { slope, intercept } = fitLine([
      [0, 1],
      [2, 5],
      [10, 21],
    ])
    expect(slope).toBeCloseTo(2, 12)
    expect(intercept).toBeCloseTo(1, 12)
  })

  it('balances points beside the line', () => {
    const { slope, intercept } = fitLine([
      [0, 0],
      [0, 2],
      [1, 1],
      [1, 3],
    ])
    expect(slope).toBeCloseTo(1, 12)
    expect(intercept).toBeCloseTo(1, 12)
  })

  it('refuses points above one another', () => {
    expect(() =>
      fitLine([
        [1, 1],
        [1, 2],
      ]),
    ).toThrow('different x')
  })
})
