import { describe, expect, it } from 'vitest'
import { batchesAt, blobPlan, blobStream, type CopiedBatch, mainBatches, range } from '../testing/batch-plans.ts'
import type { BatchPlan } from './batch-source.ts'
import { openBatches } from './open-batches.ts'

const both = async (plan: BatchPlan, steps: readonly number[]) =>
  (await batchesAt(openBatches(plan, { threads: 0 }), steps)) as { main: CopiedBatch; other: CopiedBatch }[]

describe('parts of a set', () => {
  const part = (index: number, of: number, seed = 1) => {
    const main = blobStream({ part: { index, of } })
    const source = openBatches(blobPlan({ main, batchSize: 1, seed }), { threads: 0 })
    return batchesAt(source, range(0, source.stepsPerEpoch))
  }
  const indices = async (...which: Parameters<typeof part>) =>
    (await part(...which)).flatMap((batches) => batches['main']?.index ?? []).sort((a, b) => a - b)

  it('do not overlap, make up the whole, and are of equal size but for one', async () => {
    const parts = [await indices(0, 3), await indices(1, 3), await indices(2, 3)]
    expect(parts.map(({ length }) => length).sort()).toEqual([15, 16, 16])
    expect(parts.flat().sort((a, b) => a - b)).toEqual(range(0, 47))
  })

  it('are cut by the seed', async () => {
    expect(await indices(0, 2)).toEqual(await indices(0, 2))
    expect(await indices(0, 2)).not.toEqual(await indices(0, 2, 9))
  })

  it('number their samples from 0', async () => {
    const places = (await part(1, 3)).flatMap((batches) => batches['main']?.place ?? [])
    expect(places.sort((a, b) => a - b)).toEqual(range(0, 16))
  })
})

describe('a further stream', () => {
  it('goes through its own epochs in an order of its own', async () => {
    const other = blobStream({}, { data: { train: 25 } })
    const batches = await both(blobPlan({ streams: { other } }), range(0, 4))
    const epochs = [batches.slice(0, 2), batches.slice(2, 4)].map((epoch) =>
      epoch.flatMap((batch) => batch.other.index),
    )
    expect(epochs.map((epoch) => new Set(epoch).size)).toEqual([20, 20])
    expect(epochs[0]).not.toEqual(epochs[1])
    const alike = await both(blobPlan({ streams: { other: blobStream() } }), [0])
    expect(alike[0]?.other.index).not.toEqual(alike[0]?.main.index)
  })

  it('smaller than a batch is gone through evenly', async () => {
    const other = blobStream({}, { data: { train: 4 } })
    const places = (await both(blobPlan({ streams: { other } }), range(0, 2))).flatMap((batch) => batch.other.place)
    expect(range(0, 4).map((place) => places.filter((drawn) => drawn === place).length)).toEqual([5, 5, 5, 5])
  })

  it('of the same class has partners that are other samples of that class, all of them in the end', async () => {
    const main = blobStream()
    const batches = await both(blobPlan({ main, streams: { other: { ...main, draw: 'sameClass' } } }), range(0, 600))
    expect(batches.map(({ other }) => other.y)).toEqual(batches.map(({ main: { y } }) => y))
    expect(batches.filter(({ main: { index }, other }) => other.index.some((one, i) => one === index[i]))).toEqual([])
    const partners = batches.flatMap(({ main: { index }, other }) => other.index.filter((_, i) => index[i] === 0))
    // sample 0 is of class 0, as are 3, 6, … 45
    expect([...new Set(partners)].sort((a, b) => a - b)).toEqual(range(1, 16).map((i) => 3 * i))
  })

  it('takes a sample as its own partner only where its class has no other', async () => {
    const main = blobStream({}, { data: { train: 4, classes: 4 } })
    const [batch] = await both(
      blobPlan({ main, batchSize: 4, streams: { other: { ...main, draw: 'sameClass' } } }),
      [0],
    )
    expect(batch?.other.index).toEqual(batch?.main.index)
  })

  it('is refused without samples of a class that it must pair', () => {
    const other = blobStream({ draw: 'sameClass' }, { data: { train: 2 } })
    expect(() => openBatches(blobPlan({ streams: { other } }), { threads: 0 })).toThrow(
      'The stream "other" is drawn by the classes of the training samples. Expected samples of each; received none of class 2.',
    )
  })

  it('is refused without samples', () => {
    const other = blobStream({ part: { index: 0, of: 3 } }, { data: { train: 2 } })
    expect(() => openBatches(blobPlan({ streams: { other } }), { threads: 0 })).toThrow('has no samples')
  })
})

describe('views', () => {
  const augment = { noise: 0.5 }
  it('are copies of the samples, changed independently, the first as if it were the only one', async () => {
    const [one] = await mainBatches(blobPlan({ main: blobStream({ augment }) }), [3])
    const [three] = await mainBatches(blobPlan({ main: blobStream({ augment, views: 3 }) }), [3])
    const [plain] = await mainBatches(blobPlan({ main: blobStream({ views: 2 }) }), [3])
    expect(three?.views[0]).toEqual(one?.views[0])
    expect(new Set(three?.views.map(String)).size).toBe(3)
    expect(plain?.views[1]).toEqual(plain?.views[0])
    for (const view of three?.views ?? []) {
      const differences = view.map((value, i) => value - (plain?.views[0]?.[i] ?? 0))
      expect(Math.sqrt(differences.reduce((sum, value) => sum + value ** 2, 0) / view.length)).toBeCloseTo(0.5, 1)
    }
  })

  it('of two streams of the same samples differ', async () => {
    const stream = blobStream({ augment }, { data: { train: 10 } })
    const [batch] = await both(blobPlan({ main: stream, streams: { other: stream } }), [0])
    const first = (values: CopiedBatch | undefined) => {
      const at = 40 * (values?.index.indexOf(0) ?? 0)
      return values?.views[0]?.slice(at, at + 40)
    }
    expect(first(batch?.main)).not.toEqual(first(batch?.other))
  })
})

describe('negatives', () => {
  const draw = async (negatives: { count: number; from: 'others' | 'otherClasses' }, steps = range(0, 30)) => {
    const main = blobStream({ negatives })
    const rows = (await mainBatches(blobPlan({ main }), steps)).flatMap((batch) =>
      batch.place.map((place, i) => ({
        place,
        row: batch.negatives?.slice(i * negatives.count, (i + 1) * negatives.count) ?? [],
      })),
    )
    return { rows, labelOf: (place: number) => main.view.labels[place] }
  }

  it('of other classes are never of the same, never twice, and reach all others', async () => {
    const { rows, labelOf } = await draw({ count: 20, from: 'otherClasses' })
    for (const { place, row } of rows) {
      expect(row.every((other) => labelOf(other) !== labelOf(place))).toBe(true)
      expect(new Set(row).size).toBe(20)
    }
    const seen = new Set(rows.filter(({ place }) => labelOf(place) === 1).flatMap(({ row }) => row))
    expect([...seen].sort((a, b) => a - b)).toEqual(range(0, 47).filter((place) => labelOf(place) !== 1))
  })

  it('of others are all but the sample itself, when as many are asked for', async () => {
    const { rows } = await draw({ count: 46, from: 'others' }, [0, 1])
    for (const { place, row } of rows)
      expect([...row].sort((a, b) => a - b)).toEqual(range(0, 47).filter((other) => other !== place))
  })

  it('are all equally likely', async () => {
    const { rows } = await draw({ count: 23, from: 'others' }, range(0, 100))
    const counts = range(0, 47).map((place) => rows.filter(({ row }) => row.includes(place)).length)
    // 1000 rows, each holding a place with probability one half: six deviations
    expect(Math.min(...counts)).toBeGreaterThan(490 - 95)
    expect(Math.max(...counts)).toBeLessThan(490 + 95)
  })

  it('are drawn with replacement where there are too few', async () => {
    const { rows } = await draw({ count: 60, from: 'others' }, [0])
    for (const { place, row } of rows) {
      expect(row.length).toBe(60)
      expect(row).not.toContain(place)
    }
  })

  it('are drawn anew at every step', async () => {
    const { rows } = await draw({ count: 8, from: 'others' }, range(0, 60))
    const ofOne = rows.filter(({ place }) => place === 5).map(({ row }) => row.join())
    expect(new Set(ofOne).size).toBe(ofOne.length)
    expect(ofOne.length).toBeGreaterThan(8)
  })

  it('are refused where there are no others', () => {
    const stream = (from: 'others' | 'otherClasses') =>
      blobStream({ negatives: { count: 1, from } }, { data: { train: 1 } })
    const open = (from: 'others' | 'otherClasses') => () =>
      openBatches(blobPlan({ main: stream(from), batchSize: 1 }), { threads: 0 })
    expect(open('others')).toThrow('Expected at least 2 samples; received 1.')
    expect(open('otherClasses')).toThrow('Expected samples of at least 2 classes; received 1.')
  })
})

describe('mixup', () => {
  it('mixes samples and labels by one share and one pairing, the same for all views', async () => {
    const [plain] = await mainBatches(blobPlan({ main: blobStream({ views: 2 }) }), [3])
    const [mixed] = await mainBatches(blobPlan({ main: blobStream({ views: 2, augment: { mixup: 1 } }) }), [3])
    const pairs = plain?.y.map((_, i) => mixOf(i, plain, mixed))
    const shares = new Set(pairs?.map((pair) => pair?.lambda.toFixed(4)))
    expect(shares.size).toBe(1)
    expect(pairs?.map((pair) => pair?.partner).sort((a, b) => (a ?? 0) - (b ?? 0))).toEqual(range(0, 10))
    pairs?.forEach((pair, i) => {
      const labels = [0, 0, 0]
      labels[plain?.y[i] ?? 0] = pair?.lambda ?? 0
      const other = plain?.y[pair?.partner ?? 0] ?? 0
      labels[other] = (labels[other] ?? 0) + 1 - (pair?.lambda ?? 0)
      labels.forEach((label, k) => void expect(mixed?.mixed?.[3 * i + k]).toBeCloseTo(label, 3))
    })
    expect(mixed?.views[1]).toEqual(mixed?.views[0])
    expect(mixed?.y).toEqual(plain?.y)
  })

  it('gives labels that sum to 1, at another share for every step', async () => {
    const batches = await mainBatches(blobPlan({ main: blobStream({ augment: { mixup: 0.2 } }) }), range(0, 40))
    const shares = new Set<string>()
    for (const { mixed } of batches) {
      for (let i = 0; i < 10; i++) {
        const row = mixed?.slice(3 * i, 3 * i + 3) ?? []
        expect(row.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 6)
        shares.add(Math.max(...row).toFixed(5))
      }
    }
    expect(shares.size).toBeGreaterThan(20)
  })
})

/** The share and partner that sample `i` of a mixed batch was made with, found by trying all. */
function mixOf(i: number, plain: CopiedBatch | undefined, mixed: CopiedBatch | undefined) {
  const sample = (batch: CopiedBatch | undefined, row: number) => batch?.views[0]?.slice(40 * row, 40 * row + 40) ?? []
  const [own, result] = [sample(plain, i), sample(mixed, i)]
  return range(0, 10)
    .map((partner) => {
      const other = sample(plain, partner)
      const lambda = share(plain, mixed)
      const error = result.reduce(
        (sum, value, k) => sum + Math.abs(value - lambda * (own[k] ?? 0) - (1 - lambda) * (other[k] ?? 0)),
        0,
      )
      return { partner, lambda, error }
    })
    .sort((a, b) => a.error - b.error)[0]
}

/** λ of a batch, from the labels of a sample whose partner is of another class. */
function share(plain: CopiedBatch | undefined, mixed: CopiedBatch | undefined): number {
  const own = plain?.y.map((label, i) => mixed?.mixed?.[3 * i + label] ?? 0) ?? []
  return own.find((value) => value < 1) ?? 1
}
