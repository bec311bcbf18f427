import type { AugmentSpec } from '@stillhouse/spec'
import { describe, expect, it } from 'vitest'
import { UNLABELLED } from '../contracts/data-format.ts'
import { batchesAt, blobPlan, blobStream, mainBatches, range } from '../testing/batch-plans.ts'
import type { StreamPlan } from './batch-source.ts'
import { openBatches } from './open-batches.ts'
import { readSamples } from './read-samples.ts'

const main = blobStream({}, { spec: { limit: 45 } })
const { view } = main
const plan = blobPlan({ main })
const WIDTH = 40

describe('training batches', () => {
  it('go once through the view in an epoch, in another order in the next, dropping the remainder', async () => {
    const epoch = async (number: number) =>
      (await mainBatches(plan, range(4 * number, 4 * number + 4))).flatMap(({ index }) => index)
    expect(openBatches(plan, { threads: 0 }).stepsPerEpoch).toBe(4)
    const [first, second] = [await epoch(0), await epoch(1)]
    expect(new Set(first).size).toBe(40)
    expect(first.every((index) => view.indices.includes(index))).toBe(true)
    expect(new Set(second).size).toBe(40)
    expect(first).not.toEqual(second)
  })

  it('are a function of seed and step, whatever was asked before', async () => {
    const fresh = await mainBatches(plan, [5])
    expect((await mainBatches(plan, [7, 0, 3, 5])).slice(3)).toEqual(fresh)
    expect((await mainBatches({ ...plan, seed: 2 }, [5]))[0]?.index).not.toEqual(fresh[0]?.index)
  })

  it('carry the samples, labels and numbers that belong together', async () => {
    const [batch] = await mainBatches(plan, [2])
    const sample = new Float32Array(WIDTH)
    batch?.index.forEach((number, i) => {
      readSamples({ split: view.split, indices: Int32Array.of(number), into: sample, normalise: null })
      expect(batch.views[0]?.slice(WIDTH * i, WIDTH * (i + 1))).toEqual([...sample])
      expect(batch.y[i]).toBe(view.split.labels[number])
      expect(view.indices[batch.place[i] as number]).toBe(number)
    })
    expect(batch).toMatchObject({ mixed: null, negatives: null })
  })

  it('carry the labels of the view, where they are not those of the split', async () => {
    const noisy = blobStream({}, { spec: { labelNoise: 1 } })
    const [batch] = await mainBatches(blobPlan({ main: noisy }), [1])
    batch?.place.forEach((place, i) => {
      expect(batch.y[i]).toBe(noisy.view.labels[place])
      expect(batch.y[i]).not.toBe(noisy.view.split.labels[batch.index[i] as number])
    })
  })

  it('change a sample by (seed, epoch, sample) alone, wherever in the batch it stands', async () => {
    const augmented = { ...plan, main: { ...main, augment: { rotate: 9, shift: 1, flip: true, noise: 0.2 } } }
    const samples = async (batchSize: number, steps: readonly number[]) => {
      const batches = await mainBatches({ ...augmented, batchSize }, steps)
      return new Map(
        batches.flatMap(({ views, index }) =>
          index.map((number, i) => [number, views[0]?.slice(WIDTH * i, WIDTH * (i + 1)).join()] as const),
        ),
      )
    }
    const tens = await samples(10, range(0, 4))
    const fives = await samples(5, range(0, 9))
    const later = await samples(10, range(4, 8))
    for (const [number, values] of tens) expect(fives.get(number)).toBe(values)
    const both = [...tens].filter(([number]) => later.has(number))
    expect(both.length).toBeGreaterThan(30)
    expect(both.filter(([number, values]) => later.get(number) === values)).toEqual([])
  })

  it('are refused when larger than the set, saying how many samples there are', () => {
    expect(() => openBatches(blobPlan({ main, batchSize: 46 }), { threads: 0 })).toThrow(
      /batchSize is larger than the training set. Expected at most 45; received 46/,
    )
  })
})

describe('samples without labels', () => {
  const unlabelled = { ...view, labels: view.labels.map(() => UNLABELLED) }
  const open = (change: Partial<StreamPlan>, streams = {}) =>
    openBatches(blobPlan({ main: { ...main, view: unlabelled, ...change }, streams }), { threads: 0 })

  it('are drawn in shuffled order, with no class', async () => {
    const { main: batch } = await open({ negatives: { count: 3, from: 'others' } }).at(0)
    expect(new Set(batch.y)).toEqual(new Set([UNLABELLED]))
  })

  it.each([{ negatives: { count: 3, from: 'otherClasses' } }, { augment: { mixup: 0.2 } }] as const)(
    'are refused with %j',
    (change) => {
      expect(() => open(change)).toThrow(/drawn or mixed by class. Expected samples with labels/)
    },
  )

  it('are refused where a stream draws by their class', () => {
    expect(() => open({}, { pairs: { ...main, draw: 'sameClass' } })).toThrow(/"pairs" is drawn or mixed by class/)
  })
})

describe('batches of threads', () => {
  const augment: AugmentSpec = { rotate: 20, shift: 1, flip: true, cutout: 2, noise: 0.1, mixup: 0.4 }
  const other = { data: { train: 7, classes: 3, inputShape: [6] } }
  const { view: whole } = blobStream({}, { data: { train: 95 }, spec: { normalise: 'standard', labelNoise: 0.2 } })
  const everything = blobPlan({
    main: blobStream({
      view: whole,
      augment,
      views: 2,
      part: { index: 1, of: 2 },
      negatives: { count: 5, from: 'otherClasses' },
    }),
    streams: {
      // of the same samples: a thread must know that, too
      pairs: blobStream({ view: whole, draw: 'sameClass', augment: { noise: 0.2 } }),
      unlabelled: blobStream({ negatives: { count: 9, from: 'others' }, augment: { mixup: 1 } }, other),
    },
  })
  // two epochs, a step again, a way back, one step left out, a resume in mid-epoch far ahead, and the start again
  const STEPS = [...range(0, 9), 8, 3, 4, 5, 7, 8, 1000, 1001, 0, 1]
  const expected = batchesAt(openBatches(everything, { threads: 0 }), STEPS)

  it.each([1, 2, 3])('are bit by bit those of none: %i', async (threads) => {
    const source = openBatches(everything, { threads })
    try {
      expect(await batchesAt(source, STEPS)).toEqual(await expected)
    } finally {
      await source.close()
    }
  })

  it('stay as they are while they are used, whatever is being prepared', async () => {
    const source = openBatches(everything, { threads: 2 })
    try {
      for (const step of [0, 1, 2]) {
        const { main: batch } = await source.at(step)
        await new Promise((resolve) => setTimeout(resolve, 30))
        expect([...batch.index]).toEqual((await expected)[step]?.['main']?.index)
      }
    } finally {
      await source.close()
    }
  })
})
