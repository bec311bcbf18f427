import { describe, expect, it } from 'vitest'
import { mapCosine } from './map-cosine.mjs'

/** @param {number[]} values */
const maps = (...values) => ({ shape: [2, 1, 2, 1], values: Float32Array.from(values) })

describe('mapCosine', () => {
  it('is the mean over the samples of the cosine of whole maps', () => {
    expect(mapCosine(maps(1, 0, 3, 4), maps(0, 2, 3, 4))).toBeCloseTo((0 + 1) / 2, 6)
    expect(mapCosine(maps(1, 0, 1, 1), maps(5, 0, 1, 0))).toBeCloseTo((1 + Math.SQRT1_2) / 2, 6)
  })

  it('is 0 for a sample on which a network answers nothing', () => {
    expect(mapCosine(maps(0, 0, 1, 1), maps(1, 1, 1, 1))).toBeCloseTo(0.5, 6)
  })

  it('refuses maps of different shapes', () => {
    const other = { shape: [2, 2], values: new Float32Array(4) }
    expect(() => mapCosine(maps(1, 1, 1, 1), other)).toThrow('2×1×2×1 and 2×2')
  })
})
