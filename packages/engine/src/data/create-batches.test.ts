import type { AugmentSpec } from '@stillhouse/spec'
import { describe, expect, it } from 'vitest'
import { blobs } from '../testing/blobs.ts'
import { createAugment } from './create-augment.ts'
import { createBatches } from './create-batches.ts'
import { dataViews } from './data-views.ts'

const dataset = blobs({ train: 50, inputShape: [4, 4, 1] })
const { train: view } = dataViews(dataset, { name: 'blobs', seed: 0, limit: 45 })
const make = (change: { seed?: number; batchSize?: number; augment?: AugmentSpec } = {}) =>
  createBatches({ view, signature: dataset.signature, batchSize: 10, seed: 1, augment: undefined, ...change })
const copy = ({ x, y, index, place }: ReturnType<ReturnType<typeof make>['at']>) => ({
  x: [...x],
  y: [...y],
  index: [...index],
  place: [...place],
})

describe('training batches', () => {
  it('go once through the view in an epoch, in another order in the next, dropping the remainder', () => {
    const batches = make()
    const epoch = (number: number) => Array.from({ length: 4 }, (_, i) => copy(batches.at(4 * number + i)).index).flat()
    expect(batches.stepsPerEpoch).toBe(4)
    const [first, second] = [epoch(0), epoch(1)]
    expect(new Set(first).size).toBe(40)
    expect(first.every((index) => view.indices.includes(index))).toBe(true)
    expect(first).not.toEqual(second)
  })

  it('are a function of seed and step, whatever was asked before', () => {
    const [fresh, used] = [make(), make()]
    for (const step of [7, 0, 3]) used.at(step)
    expect(copy(used.at(5))).toEqual(copy(fresh.at(5)))
    expect(copy(make({ seed: 2 }).at(5)).index).not.toEqual(copy(fresh.at(5)).index)
  })

  it('carry the samples, labels and numbers that belong together', () => {
    const { x, y, index, place } = copy(make().at(2))
    const sample = new Float32Array(16)
    index.forEach((number, i) => {
      dataset.splits.train.read(Int32Array.of(number), sample)
      expect(x.slice(16 * i, 16 * i + 16)).toEqual([...sample])
      expect(y[i]).toBe(dataset.splits.train.labels[number])
      expect(view.indices[place[i] as number]).toBe(number)
    })
  })

  it('change a sample by (seed, epoch, sample) alone, wherever in the batch it stands', () => {
    const augment = { shift: 1, flip: true, noise: 0.2 }
    const [ten, five] = [make({ augment }), make({ augment, batchSize: 5 })]
    const samples = (batches: ReturnType<typeof make>, from: number, to: number) => {
      const found = new Map<number, string>()
      for (let step = from; step < to; step++) {
        const { x, index } = copy(batches.at(step))
        for (const [i, number] of index.entries()) found.set(number, x.slice(16 * i, 16 * i + 16).join())
      }
      return found
    }
    const [a, b, later] = [samples(ten, 0, 4), samples(five, 0, 9), samples(ten, 4, 8)]
    for (const [number, values] of a) expect(b.get(number)).toBe(values)
    const both = [...a].filter(([number]) => later.has(number))
    expect(both.filter(([number, values]) => later.get(number) === values)).toEqual([])
  })

  it('refuse a batch larger than the set, saying how many there are', () => {
    expect(() => make({ batchSize: 46 })).toThrow(
      /batchSize is larger than the training set. Expected at most 45; received 46/,
    )
  })
})

describe('augmentation', () => {
  const image = () => Float32Array.from({ length: 16 }, (_, i) => i + 1)
  const apply = (spec: AugmentSpec, index: number) => {
    const sample = image()
    createAugment({ spec, inputShape: [4, 4, 1], seed: 1 })?.(sample, { epoch: 0, index })
    return [...sample]
  }
  const rows = (values: number[]) => [0, 4, 8, 12].map((start) => values.slice(start, start + 4))
  const all = (spec: AugmentSpec) => Array.from({ length: 60 }, (_, index) => rows(apply(spec, index)))

  it('shifts by up to the given number of pixels in every direction, filling with zeros', () => {
    const source = rows([...image()])
    const moved = (dy: number, dx: number) => source.map((row, y) => row.map((_, x) => source[y - dy]?.[x - dx] ?? 0))
    const expected = [-1, 0, 1].flatMap((dy) => [-1, 0, 1].map((dx) => JSON.stringify(moved(dy, dx))))
    expect(new Set(all({ shift: 1 }).map((result) => JSON.stringify(result)))).toEqual(new Set(expected))
  })

  it('shifts a small image out of sight without writing elsewhere', () => {
    const sample = Float32Array.from([1, 2, 3, 4])
    const augment = createAugment({ spec: { shift: 9 }, inputShape: [2, 2, 1], seed: 1 })
    for (let index = 0; index < 40; index++) augment?.(sample.slice(), { epoch: 0, index })
    expect([...sample]).toEqual([1, 2, 3, 4])
  })

  it('flips about half of the samples', () => {
    const source = rows([...image()])
    const flipped = JSON.stringify(source.map((row) => row.toReversed()))
    const results = all({ flip: true }).map((result) => JSON.stringify(result))
    const count = results.filter((result) => result === flipped).length
    expect(results.filter((result) => result === JSON.stringify(source)).length).toBe(60 - count)
    expect(count).toBeGreaterThan(15)
    expect(count).toBeLessThan(45)
  })

  it('cuts a square that may reach over the edge', () => {
    const zeros = all({ cutout: 2 }).map((result) => result.flat().filter((value) => value === 0).length)
    expect(new Set(zeros)).toEqual(new Set([1, 2, 4]))
  })

  it('adds noise of the given deviation', () => {
    const differences = Array.from({ length: 60 }, (_, index) =>
      apply({ noise: 0.5 }, index).map((value, i) => value - i - 1),
    ).flat()
    expect(Math.sqrt(differences.reduce((sum, value) => sum + value ** 2, 0) / differences.length)).toBeCloseTo(0.5, 1)
  })

  it('is nothing when nothing is asked for', () => {
    expect(createAugment({ spec: { flip: false, shift: 0 }, inputShape: [4, 4, 1], seed: 1 })).toBeUndefined()
  })
})
