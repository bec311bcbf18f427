import { describe, expect, it } from 'vitest'
import { expectNear, tf, valueAndGradient } from '../testing/cpu-tf.ts'
import { adaptivePool } from './adaptive-pool.ts'
import { mapSides } from './map-sides.ts'

// one sample, 2×3 places, two channels
const maps = tf.tensor4d([1, 10, 2, 20, 3, 30, 4, 40, 5, 50, 6, 60], [1, 2, 3, 2])

describe('linear maps along the sides', () => {
  it('are rows · x · columnsᵀ in each channel', () => {
    const changed = mapSides(tf, maps, {
      rows: [[1, -1]],
      columns: [
        [1, 0, 0],
        [0, 2, 1],
      ],
    })
    expect(changed.shape).toEqual([1, 1, 2, 2])
    expect(Array.from(changed.dataSync())).toEqual([-3, -30, -9, -90])
  })

  it('have a gradient', () => {
    const first = (x: typeof maps) => mapSides(tf, x, { rows: [[1, -1]], columns: [[0, 2, 1]] }).sum()
    const { gradient } = valueAndGradient((x) => first(x as typeof maps).asScalar(), maps)
    expect(gradient).toEqual([0, 0, 2, 2, 1, 1, 0, 0, -2, -2, -1, -1])
  })
})

describe('adaptive pooling', () => {
  it('takes means of windows that cover everything, overlapping where they must', () => {
    const pooled = adaptivePool(tf, maps, [1, 2])
    expect(pooled.shape).toEqual([1, 1, 2, 2])
    expectNear(Array.from(pooled.dataSync()), [3, 30, 4, 40], 5)
  })

  it('is plain average pooling where sides divide evenly', () => {
    const even = tf.tensor4d(
      Array.from({ length: 32 }, (_, i) => Math.sin(i)),
      [1, 4, 4, 2],
    )
    const expected = tf.avgPool(even, 2, 2, 'valid')
    expectNear(Array.from(adaptivePool(tf, even, [2, 2]).dataSync()), Array.from(expected.dataSync()), 6)
  })

  it('hands back what has the size already', () => {
    expect(adaptivePool(tf, maps, [2, 3])).toBe(maps)
  })
})
