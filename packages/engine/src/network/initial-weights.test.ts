import { describe, expect, it } from 'vitest'
import type { Initializer } from '../contracts/architecture.ts'
import { initialWeights, type KernelKind } from './initial-weights.ts'

/** Mean square of weights whose mean is zero. */
function variance(shape: number[], init: Initializer, kernel: KernelKind = 'plain'): number {
  const values = initialWeights({ shape, init, kernel, seed: 1, place: ['student', 'layer'] })
  return values.reduce((sum, value) => sum + value ** 2, 0) / values.length
}

describe('initialWeights', () => {
  it.each<[Initializer, number]>([
    ['he', 2 / 90],
    ['heOut', 2 / 360],
    ['glorot', 2 / 450],
    ['lecun', 1 / 90],
    ['small', 1e-4],
    ['zeros', 0],
  ])('draws %s with its variance: 10 channels in, 40 out, 3×3', (init, expected) => {
    expect(Math.abs(variance([3, 3, 10, 40], init) - expected)).toBeLessThanOrEqual(0.06 * expected)
  })

  it('counts the fans of a transposed kernel the other way round', () => {
    const expected = 2 / (9 * 10)
    expect(Math.abs(variance([3, 3, 40, 10], 'he', 'transposed') / expected - 1)).toBeLessThan(0.06)
    expect(Math.abs(variance([3, 3, 10, 40], 'heOut', 'transposed') / expected - 1)).toBeLessThan(0.06)
  })

  it('counts one channel in and one out for a depthwise kernel', () => {
    for (const init of ['he', 'heOut'] as const)
      expect(Math.abs((variance([3, 3, 500, 1], init, 'depthwise') * 9) / 2 - 1)).toBeLessThan(0.06)
  })
})
