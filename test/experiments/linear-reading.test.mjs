import { describe, expect, it } from 'vitest'
import { linearReading, withDeeper } from './linear-reading.mjs'

/** @param {number[]} shape @param {number[]} values */
const features = (shape, values) => ({ shape, values: Float32Array.from(values) })

describe('linearReading', () => {
  it('finds what is linear, and reads it off other samples', () => {
    // y = 2a − b + 3
    const from = features([4, 3], [1, 0, 1, 0, 1, 1, 2, 3, 1, -1, 2, 1])
    const read = linearReading(from, features([4, 1], [5, 2, 4, -1]))
    const found = read(features([2, 3], [10, 1, 1, 0, 0, 1]))
    expect(found.shape).toEqual([2, 1])
    expect(found.values[0]).toBeCloseTo(22, 3)
    expect(found.values[1]).toBeCloseTo(3, 3)
  })

  it('gives the mean where there is nothing but a constant to read', () => {
    const read = linearReading(features([4, 1], [1, 1, 1, 1]), features([4, 2], [1, 0, 2, 0, 3, 0, 6, 4]))
    const { values } = read(features([1, 1], [1]))
    expect(values[0]).toBeCloseTo(3, 4)
    expect(values[1]).toBeCloseTo(1, 4)
  })

  it('bears a channel that is always zero', () => {
    const read = linearReading(features([3, 2], [1, 0, 2, 0, 3, 0]), features([3, 1], [2, 4, 6]))
    expect(read(features([1, 2], [5, 0])).values[0]).toBeCloseTo(10, 3)
  })

  it('refuses maps of other places', () => {
    expect(() => linearReading(features([2, 1], [1, 2]), features([3, 1], [1, 2, 3]))).toThrow('place by place')
  })
})

describe('withDeeper', () => {
  it('lays the deeper levels beside the first, enlarged, and a constant', () => {
    const found = withDeeper([
      features([1, 2, 2, 1], [1, 2, 3, 4]),
      features([1, 1, 1, 1], [7]),
      features([1, 2], [8, 9]),
    ])
    expect(found.shape).toEqual([1, 2, 2, 5])
    expect([...found.values]).toEqual([1, 7, 8, 9, 1, 2, 7, 8, 9, 1, 3, 7, 8, 9, 1, 4, 7, 8, 9, 1])
  })

  it('takes the place before the border where sides do not divide', () => {
    const found = withDeeper([features([1, 3, 1, 1], [0, 0, 0]), features([1, 2, 1, 1], [5, 6])])
    expect([...found.values]).toEqual([0, 5, 1, 0, 5, 1, 0, 6, 1])
  })
})
