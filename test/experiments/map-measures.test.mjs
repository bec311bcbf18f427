import { describe, expect, it } from 'vitest'
import { reconstructionShare, signAgreement } from './map-measures.mjs'

/** @param {number[]} shape @param {number[]} values */
const features = (shape, values) => ({ shape, values: Float32Array.from(values) })

describe('reconstructionShare', () => {
  const target = features([2, 2], [0, 10, 2, 14])

  it('is 0 when nothing is lost', () => {
    expect(reconstructionShare(target, target)).toBe(0)
  })

  it('is 1 for the mean of each element, whatever the means are', () => {
    expect(reconstructionShare(features([2, 2], [1, 12, 1, 12]), target)).toBeCloseTo(1, 12)
  })

  it('is the squared error over the squared distance from the means', () => {
    // errors 1 0 0 2, distances 1 2 1 2
    expect(reconstructionShare(features([2, 2], [1, 10, 2, 12]), target)).toBeCloseTo(5 / 10, 12)
  })
})

describe('signAgreement', () => {
  it('counts zero with what does not fire, and no strength', () => {
    expect(signAgreement(features([2, 2], [3, 0, -1, 2]), features([2, 2], [0.1, -5, 1, 9]))).toBe(0.75)
  })

  it('refuses features that cannot be laid on each other', () => {
    expect(() => signAgreement(features([1, 2], [1, 2]), features([2, 1], [1, 2]))).toThrow('1×2 and 2×1')
  })
})
