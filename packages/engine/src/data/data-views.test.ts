import { describe, expect, it } from 'vitest'
import { blobs } from '../testing/blobs.ts'
import { dataViews, type SampleView } from './data-views.ts'
import { readSamples } from './read-samples.ts'

const dataset = blobs({ train: 99, classes: 3 })
const views = (change: object) => dataViews(dataset, { name: 'blobs', seed: 1, balanced: true, ...change })
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
    const { indices } = dataViews(skewed, { name: 'blobs', seed: 1, balanced: true, limit: 30 }).train
    const counts = [0, 1, 2].map((label) => indices.filter((index) => labels[index] === label).length)
    expect(counts).toEqual([14, 14, 2])
  })

  it('limits to any part when balance is not asked for', () => {
    const counts = Array.from({ length: 10 }, (_, seed) =>
      perClass(views({ limit: 30, balanced: false, seed }).train.indices),
    )
    expect(counts.every((count) => count.reduce((sum, value) => sum + value) === 30)).toBe(true)
    expect(counts.some((count) => Math.max(...count) > 11)).toBe(true)
  })

  it('holds samples out that training then never sees', () => {
    const { train, validation } = views({ validation: 0.2, limit: 60 })
    expect(validation?.indices.length).toBe(20)
    expect(train.indices.length).toBe(60)
    expect(train.indices.some((index) => validation?.indices.includes(index))).toBe(false)
  })

  it.each([{ validation: 0.2 }, { labelNoise: 0.1 }, { limit: 31 }])('refuses %j without labels', (asked) => {
    const unlabelled = { ...dataset, signature: { ...dataset.signature, trainLabels: false } } as const
    const spec = { name: 'blobs', seed: 1, balanced: true, ...asked }
    expect(() => dataViews(unlabelled, spec)).toThrow(/reads labels. Expected training samples with labels/)
    expect(dataViews(unlabelled, { name: 'blobs', seed: 1, balanced: false, limit: 31 }).train.indices.length).toBe(31)
  })

  it('refuses a hold-out that leaves nothing', () => {
    expect(() => dataViews(blobs({ train: 1 }), { name: 'blobs', seed: 0, balanced: true, validation: 0.9 })).toThrow(
      /No sample is left for training/,
    )
  })
})

describe('labels of a view', () => {
  const { labels } = dataset.splits.train
  const wrong = (view: { indices: Int32Array; labels: Int32Array }) =>
    [...view.labels].filter((label, place) => label !== labels[view.indices[place] as number]).length

  it('are those of its samples', () => {
    const { train, validation, test } = views({ limit: 40, validation: 0.2 })
    expect([...train.labels]).toEqual([...train.indices].map((index) => labels[index]))
    expect([...(validation?.labels ?? [])]).toEqual([...(validation?.indices ?? [])].map((index) => labels[index]))
    expect([...test.labels]).toEqual([...dataset.splits.test.labels])
  })

  it('become another class for the asked share of the training samples, and for no others', () => {
    const { train, validation, test } = views({ labelNoise: 0.3, limit: 60, validation: 0.2 })
    expect(wrong(train)).toBe(18)
    expect(new Set(train.labels)).toEqual(new Set([0, 1, 2]))
    expect(validation === null ? null : wrong(validation)).toBe(0)
    expect([...test.labels]).toEqual([...dataset.splits.test.labels])
    expect(wrong(views({ labelNoise: 1 }).train)).toBe(99)
    expect([...dataset.splits.train.labels]).toEqual(Array.from({ length: 99 }, (_, i) => i % 3))
  })

  it('become any other class, drawn by the seed', () => {
    const noisy = (seed: number) => [...views({ labelNoise: 1, seed }).train.labels]
    const moves = noisy(1).map((label, i) => (label - (i % 3) + 3) % 3)
    expect(moves.filter((move) => move === 1).length).toBeGreaterThan(30)
    expect(moves.filter((move) => move === 2).length).toBeGreaterThan(30)
    expect(noisy(1)).toEqual(noisy(1))
    expect(noisy(1)).not.toEqual(noisy(2))
  })

  it('cannot become another where there is one class', () => {
    const single = blobs({ classes: 1 })
    expect(() => dataViews(single, { name: 'blobs', seed: 0, balanced: true, labelNoise: 0.1 })).toThrow(
      'data.labelNoise needs another class',
    )
  })
})

describe('normalisation of views', () => {
  const read = (view: SampleView) => {
    const into = new Float32Array(view.indices.length * 36)
    readSamples({ ...view, into })
    return into
  }
  const moments = (values: Float32Array) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    return [mean, Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)]
  }

  it('is none when nothing is said', () => {
    expect(views({}).train.normalise).toBeNull()
  })

  it('gives the training samples mean 0 and deviation 1, and all others the same statistics', () => {
    const { train, validation, test } = views({ normalise: 'standard', limit: 50, validation: 0.3 })
    const [mean, deviation] = moments(read(train))
    expect(mean).toBeCloseTo(0, 6)
    expect(deviation).toBeCloseTo(1, 6)
    expect(test.normalise).toBe(train.normalise)
    expect(validation?.normalise).toBe(train.normalise)
    expect(moments(read(test))[0]).not.toBeCloseTo(0, 6)
  })

  it('takes numbers as they are given, one for all channels or one each', () => {
    const { train } = views({ normalise: { mean: [0.5], std: [2] } })
    const plain = read(views({}).train)
    expect([...read(train)]).toEqual([...plain].map((value) => Math.fround((value - 0.5) / 2)))
    const coloured = blobs({ inputShape: [2, 2, 3] })
    const spec = { name: 'blobs', seed: 0, balanced: true, normalise: { mean: [1, 2, 3], std: [4] } }
    expect(dataViews(coloured, spec).test.normalise).toEqual({ mean: [1, 2, 3], std: [4, 4, 4] })
    const values = new Float32Array(12)
    readSamples({ ...dataViews(coloured, spec).test, indices: Int32Array.of(0), into: values })
    expect(values[4]).toBeCloseTo(((coloured.splits.test.values[4] ?? 0) - 2) / 4, 6)
  })

  it('refuses lists that do not fit the channels', () => {
    expect(() => views({ normalise: { mean: [1, 2], std: [1] } })).toThrow(
      'data.normalise.mean: mean needs a number per channel. Expected 1 number; received 2 numbers.',
    )
  })
})
