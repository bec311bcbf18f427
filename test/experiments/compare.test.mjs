import { describe, expect, it } from 'vitest'
import { compare } from './compare.mjs'

/** @param {import('./compare.mjs').Rule} rule @param {number} [margin] */
const comparison = (rule, margin) => ({
  claim: 'a beats b',
  metric: 'accuracy',
  of: 'a',
  against: 'b',
  rule,
  ...(margin === undefined ? {} : { margin }),
})
/** Against zeros, so that the values are the differences. @param {import('./compare.mjs').Rule} rule @param {number[]} of @param {number} [margin] */
const verdict = (rule, of, margin) =>
  compare(comparison(rule, margin), { of, against: of.map(() => 0), better: 'higher' }).verdict

describe('compare', () => {
  it('pairs seed with seed', () => {
    const found = compare(comparison('mean'), { of: [3, 5, 4], against: [1, 6, 2], better: 'higher' })
    expect(found.differences).toEqual([2, -1, 2])
    expect(found.mean).toBe(1)
    expect(found.standardError).toBeCloseTo(1, 12)
    expect(found.wins).toBe(2)
  })

  it('turns the sign where less is better', () => {
    const found = compare(comparison('every-seed'), { of: [1, 2], against: [2, 4], better: 'lower' })
    expect(found.differences).toEqual([1, 2])
    expect(found.verdict).toBe('held')
  })

  it('does not hold every-seed for one seed of no difference', () => {
    expect(verdict('every-seed', [1, 1, 0])).toBe('tied')
  })

  it('asks more than half of the seeds of mean-and-most', () => {
    expect(verdict('mean', [9, -1, -1])).toBe('held')
    expect(verdict('mean-and-most', [9, -1, -1])).toBe('tied')
    expect(verdict('mean-and-most', [9, 1, -1])).toBe('held')
  })

  it('is lost beyond two standard errors on the wrong side, and tied within', () => {
    expect(verdict('mean', [-1, -1.1, -0.9])).toBe('lost')
    expect(verdict('mean', [-1, 0.9, -0.3])).toBe('tied')
  })

  it('does not call a single seed lost', () => {
    expect(verdict('mean', [-1])).toBe('tied')
  })

  it('lets non-inferiority lose up to its margin and no further', () => {
    expect(verdict('non-inferior', [-0.004, -0.004], 0.005)).toBe('held')
    expect(verdict('non-inferior', [-0.006, -0.006], 0.005)).toBe('lost')
  })

  it('only reports where nothing is required', () => {
    expect(verdict('report', [-5, -5])).toBe('reported')
  })

  it('refuses sides of different seeds', () => {
    expect(() => compare(comparison('mean'), { of: [1], against: [], better: 'higher' })).toThrow('same seeds')
  })

  it('refuses what is no number', () => {
    expect(() => compare(comparison('mean'), { of: [Number.NaN], against: [1], better: 'higher' })).toThrow('finite')
  })
})
