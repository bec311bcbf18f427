// What every data format promises: the same samples for the same parameters, in any order of reading, or a clear refusal.
import { type DataFormat, type Dataset, type Split, TrainingError } from '@stillhouse/engine'
import { beforeAll, expect, it } from 'vitest'
import { defaultParams } from './entry-conformance.ts'
import { withTruncatedReads } from './truncated-reads.ts'

/** Registers the tests of one entry, opened with its defaults. */
export function dataConformance(format: DataFormat): void {
  const params = defaultParams(format)
  let dataset: Dataset
  beforeAll(async () => {
    dataset = await format.open(params)
  })
  const splits = () => Object.values(dataset.splits)

  it('tells its signature without being read', () => {
    expect(format.signature(params)).toEqual(dataset.signature)
    expect(dataset.signature.inputShape.every((size) => Number.isInteger(size) && size > 0)).toBe(true)
  })

  it('opened twice, has the same digest and the same samples', async () => {
    const again = await format.open(params)
    expect(again.digest).toBe(dataset.digest)
    expect(dataset.digest).toMatch(/^[0-9a-f]{64}$/)
    for (const name of ['train', 'test'] as const) {
      const [one, other] = [dataset.splits[name], again.splits[name]]
      expect(other.size).toBe(one.size)
      expect(Buffer.compare(bytesOf(other.labels), bytesOf(one.labels))).toBe(0)
      const some = spread(one.size, 100)
      expect(samples(other, dataset, some)).toEqual(samples(one, dataset, some))
    }
  })

  it('gives a sample the same whatever is read before, after or beside it', () => {
    for (const split of splits()) {
      const indices = spread(split.size, 7).reverse()
      const together = samples(split, dataset, indices)
      const alone = Array.from(indices, (index) => [...samples(split, dataset, Int32Array.of(index))]).flat()
      expect([...together]).toEqual(alone)
    }
  })

  it('has finite values only, and leaves room behind them as it was', () => {
    for (const split of splits()) {
      const width = sampleSize(dataset)
      const indices = spread(split.size, 1000)
      const into = new Float32Array(indices.length * width + 1).fill(-7)
      split.read(indices, into)
      expect(into.subarray(0, -1).every(Number.isFinite)).toBe(true)
      expect(into.at(-1)).toBe(-7)
    }
  })

  it('labels every sample with one of its classes, and uses them all', () => {
    for (const split of splits()) {
      expect(split.labels).toHaveLength(split.size)
      const classes = [...new Set(split.labels)].sort((a, b) => a - b)
      expect(classes).toEqual(Array.from({ length: dataset.signature.classes }, (_, label) => label))
    }
  })

  it('refuses each of its files when truncated, naming the file and what was expected', async () => {
    const files = await withTruncatedReads(
      () => false,
      async () => void (await format.open(params)),
    )
    for (const file of files) {
      await withTruncatedReads(
        (path) => path === file,
        async () => {
          const error = await format.open(params).catch((thrown: unknown) => thrown)
          expect(error).toBeInstanceOf(TrainingError)
          expect(error).toMatchObject({ code: 'data.invalid', message: expect.stringContaining(file) })
          expect((error as Error).message).toMatch(/Expected .+, received .+\./)
        },
      )
    }
  })
}

function sampleSize({ signature }: Dataset): number {
  return signature.inputShape.reduce((product, size) => product * size, 1)
}

function samples(split: Split, dataset: Dataset, indices: Int32Array): Float32Array {
  const into = new Float32Array(indices.length * sampleSize(dataset))
  split.read(indices, into)
  return into
}

/** About `count` indices from the first to the last. */
function spread(size: number, count: number): Int32Array {
  const step = Math.max(1, Math.floor(size / count))
  return Int32Array.from({ length: Math.ceil(size / step) }, (_, i) => i * step)
}

function bytesOf(values: Int32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}
