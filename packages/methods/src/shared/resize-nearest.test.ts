import { describe, expect, it } from 'vitest'
import { tf } from '../testing/cpu-tf.ts'
import { resizeNearest } from './resize-nearest.ts'

const map = tf.tensor4d([1, 2, 3, 4, 5, 6], [1, 2, 3, 1])

describe('nearest-neighbour resizing', () => {
  it('repeats rows and columns, each by a factor of its own', () => {
    const values = Array.from(resizeNearest(tf, map, [4, 3]).dataSync())
    expect(values).toEqual([1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6])
  })

  it('takes place ⌊i·have/want⌋ where sides are no multiples', () => {
    const values = Array.from(resizeNearest(tf, map, [1, 5]).dataSync())
    expect(values).toEqual([1, 1, 2, 2, 3])
    expect(Array.from(resizeNearest(tf, map, [2, 2]).dataSync())).toEqual([1, 2, 4, 5])
  })

  it('leaves maps of that size alone', () => {
    expect(resizeNearest(tf, map, [2, 3])).toBe(map)
  })
})
