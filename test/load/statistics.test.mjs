import { expect, test } from 'vitest'
import { percentile, summary } from './statistics.mjs'

const HUNDRED = Array.from({ length: 100 }, (_, index) => 100 - index)

test('a percentile is a value that was measured', () => {
  expect(percentile(HUNDRED, 0.5)).toBe(50)
  expect(percentile(HUNDRED, 0.99)).toBe(99)
  expect(percentile([3], 0.99)).toBe(3)
  expect(percentile([1, 2], 0)).toBe(1)
})

test('nothing has no percentile', () => {
  expect(() => percentile([], 0.5)).toThrow('Expected at least one')
})

test('a summary tells middle, tail and how many', () => {
  expect(summary(HUNDRED)).toEqual({ p50: 50, p99: 99, count: 100 })
})
