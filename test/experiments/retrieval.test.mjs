import { describe, expect, it } from 'vitest'
import { retrieval } from './retrieval.mjs'

/** @param {number[]} shape @param {number[]} values */
const features = (shape, values) => ({ shape, values: Float32Array.from(values) })

describe('retrieval', () => {
  const there = features([3, 2], [1, 0, 0, 1, -1, 0])

  it('goes by direction, whatever the length of an embedding', () => {
    expect(retrieval(features([3, 2], [5, 1, 0.1, 0.3, -9, 3]), there)).toBe(1)
    expect(retrieval(there, features([3, 2], [0.1, 0, 0, 100, -7, 50]))).toBe(1)
  })

  it('is the share of samples that find their own', () => {
    // the first finds the second, the others their own
    expect(retrieval(features([3, 2], [1, 2, 0, 1, -1, 0]), there)).toBeCloseTo(2 / 3, 12)
  })

  it('is chance where all embeddings are alike', () => {
    expect(retrieval(features([3, 2], [1, 1, 1, 1, 1, 1]), features([3, 2], [2, 2, 2, 2, 2, 2]))).toBeCloseTo(1 / 3, 12)
  })

  it('refuses embeddings of unequal shape', () => {
    expect(() => retrieval(there, features([3, 1], [1, 2, 3]))).toThrow('3×2 and 3×1')
  })
})
