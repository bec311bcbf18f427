import { describe, expect, it } from 'vitest'
import { nearestNeighbourAccuracy } from './nearest-neighbours.mjs'

/** @param {readonly (readonly number[])[]} rows @param {number[]} labels */
const labelled = (rows, labels) => ({
  features: { shape: [rows.length, rows[0]?.length ?? 0], values: Float32Array.from(rows.flat()) },
  labels,
})

describe('nearestNeighbourAccuracy', () => {
  const known = labelled(
    [
      [1, 0],
      [5, 1],
      [0, 3],
      [1, 4],
    ],
    [0, 0, 1, 1],
  )

  it('is the share of queries that the nearest by direction tell right, however long they are', () => {
    const rows = [
      [100, 10],
      [0.01, 0.1],
      [10, 1],
    ]
    expect(nearestNeighbourAccuracy(2, known, labelled(rows, [0, 1, 0]))).toBe(1)
    expect(nearestNeighbourAccuracy(2, known, labelled(rows, [0, 1, 1]))).toBeCloseTo(2 / 3, 12)
  })

  it('asks the majority of k, and the nearer one where they are split', () => {
    const odd = labelled(
      [
        [1, 0],
        [1, 0.1],
        [1, 0.2],
      ],
      [2, 1, 1],
    )
    const query = [[1, -0.01]]
    expect(nearestNeighbourAccuracy(3, odd, labelled(query, [1]))).toBe(1)
    expect(nearestNeighbourAccuracy(2, odd, labelled(query, [2]))).toBe(1)
  })
})
