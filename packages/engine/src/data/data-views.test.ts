import { describe, expect, it } from 'vitest'
import { blobs } from '../testing/blobs.ts'
import { dataViews } from './data-views.ts'

const dataset = blobs({ train: 99, classes: 3 })
const views = (change: object) => dataViews(dataset, { name: 'blobs', seed: 1, ...change })
const perClass = (indices: Int32Array) => {
  const counts = [0, 0, 0]
  for (const index of indices)
    counts[dataset.splits.train.labels[index] as number] =
      (counts[dataset.splits.train.labels[index] as number] ?? 0) + 1
  return counts
}

describe('dataViews', () => {
  it('uses all of both splits when nothing is said', () => {
    const { train, test, validation } = views({})
    expect([...train.indices]).toEqual(Array.from({ length: 99 }, (_, i) => i))
    expect(test.indices.length).toBe(60)
    expect(validation).toBeNull()
  })

  it('limits to a class-balanced part, drawn by the seed', () => {
    const { indices } = views({ limit: 31 }).train
    expect(perClass(indices).sort()).toEqual([10, 10, 11])
    expect(views({ limit: 31 }).train.indices).toEqual(indices)
    expect(views({ limit: 31, seed: 2 }).train.indices).not.toEqual(indices)
    expect([...indices]).toEqual([...new Set(indices)].sort((a, b) => a - b))
  })

  it('takes what there is of a small class', () => {
    const { train } = dataset.splits
    const labels = train.labels.map((label, i) => (i < 2 ? 2 : label === 2 ? 0 : label))
    const skewed = { ...dataset, splits: { ...dataset.splits, train: { ...train, labels } } }
    const { indices } = dataViews(skewed, { name: 'blobs', seed: 1, limit: 30 }).train
    const counts = [0, 1, 2].map((label) => indices.filter((index) => labels[index] === label).length)
    expect(counts).toEqual([14, 14, 2])
  })

  it('holds samples out that training then never sees', () => {
    const { train, validation } = views({ validation: 0.2, limit: 60 })
    expect(validation?.indices.length).toBe(20)
    expect(train.indices.length).toBe(60)
    expect(train.indices.some((index) => validation?.indices.includes(index))).toBe(false)
  })

  it('refuses a hold-out that leaves nothing', () => {
    expect(() => dataViews(blobs({ train: 1 }), { name: 'blobs', seed: 0, validation: 0.9 })).toThrow(
      /No sample is left for training/,
    )
  })
})
