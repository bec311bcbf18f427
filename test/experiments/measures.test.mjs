import { describe, expect, it } from 'vitest'
import { attentionCosine, distanceCorrelation, meanDivergence, required } from './measures.mjs'

/** @param {number[]} shape @param {number[]} values */
const features = (shape, values) => ({ shape, values: Float32Array.from(values) })

describe('meanDivergence', () => {
  it('is nothing between logits that differ by a constant', () => {
    expect(meanDivergence(features([1, 2], [1, 2]), features([1, 2], [5, 6]))).toBeCloseTo(0, 6)
  })

  it('is Σ p (log p − log q) per sample, from the target to the answer', () => {
    // p = (3/4, 1/4), q = (1/2, 1/2); the second sample agrees
    const target = features([2, 2], [Math.log(3), 0, 0, 0])
    const expected = (0.75 * Math.log(1.5) + 0.25 * Math.log(0.5)) / 2
    expect(meanDivergence(target, features([2, 2], [0, 0, 0, 0]))).toBeCloseTo(expected, 6)
  })
})

describe('attentionCosine', () => {
  it('compares places, whatever the channels and the scale', () => {
    const one = features([1, 1, 2, 1], [1, 2])
    const other = features([1, 1, 2, 2], [3, 0, 0, -6])
    expect(attentionCosine(one, other)).toBeCloseTo(1, 6)
  })

  it('is 0 where the maps look at different places', () => {
    expect(attentionCosine(features([1, 1, 2, 1], [1, 0]), features([1, 1, 2, 1], [0, 1]))).toBe(0)
  })
})

describe('distanceCorrelation', () => {
  it('is 1 when the order of the distances is the same', () => {
    expect(distanceCorrelation(features([3, 1], [0, 1, 5]), features([3, 2], [0, 0, 0, 2, 0, 20]))).toBeCloseTo(1, 12)
  })

  it('falls below 0 when near samples are far apart for the other', () => {
    // distances 1 5 4 and 5 1 4
    expect(distanceCorrelation(features([3, 1], [0, 1, 5]), features([3, 1], [0, 5, 1]))).toBeLessThan(0)
  })
})

describe('required', () => {
  it('names what there is when a metric is missing', () => {
    expect(() => required('nll', { accuracy: 1 })).toThrow('accuracy')
  })
})
