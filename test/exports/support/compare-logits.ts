// Two runtimes on one model: the same logits up to rounding, which differs with the order of sums.
import { expect } from 'vitest'

const CLASSES = 10

/** @param bound relative to the largest of the expected */
export function expectSameLogits(received: ArrayLike<number>, expected: Float32Array, bound: number): void {
  expect(received.length).toBe(expected.length)
  const largest = Math.max(...expected.map(Math.abs))
  expect(largest).toBeGreaterThan(1)
  const off = expected.map((value, i) => Math.abs(value - (received[i] ?? Number.NaN)) / largest)
  expect(Math.max(...off)).toBeLessThan(bound)
}

/** Top-1. */
export function accuracyOf(logits: ArrayLike<number>, labels: Int32Array): number {
  const hits = labels.filter((label, i) => {
    const row = Array.from({ length: CLASSES }, (_, k) => logits[i * CLASSES + k] as number)
    return row.indexOf(Math.max(...row)) === label
  })
  return hits.length / labels.length
}
