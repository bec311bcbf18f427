// What every data format promises: the same samples for the same parameters, wherever its files lie, or a clear refusal.
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type DataFormat, type Dataset, readSamples, type Split, TrainingError } from '@stillhouse/engine'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dataFixture } from './data-fixture.ts'
import { defaultParams } from './entry-conformance.ts'
import { withTruncatedReads } from './truncated-reads.ts'

/** Registers the tests of one entry, on its fixture or else with its defaults. */
export function dataConformance(format: DataFormat): void {
  let params: Record<string, unknown>
  let folder: string
  let root: string | null = null
  let dataset: Dataset
  beforeAll(async () => {
    const fixture = await dataFixture(format.name)
    params = defaultParams(format, fixture?.params) as Record<string, unknown>
    folder = await mkdtemp(path.join(tmpdir(), 'stillhouse-data-'))
    root = fixture === null ? null : path.join(folder, 'set')
    if (root !== null) await mkdir(root)
    await fixture?.write(path.join(folder, 'set'))
    dataset = await opened(format, params, root)
  })
  afterAll(() => rm(folder, { recursive: true }))
  const open = (changed: object = {}, at = root) => format.open({ ...params, ...changed }, at)
  const splits = () => Object.values(dataset.splits)

  it('tells its signature without being read', () => {
    expect(format.signature(params)).toEqual(dataset.signature)
    expect(dataset.signature.inputShape.every((size) => Number.isInteger(size) && size > 0)).toBe(true)
  })

  it('is arrays that threads share, as long as its samples and its shape say', () => {
    const length = dataset.signature.inputShape.reduce((product, axis) => product * axis, 1)
    for (const { size, values, labels, scale } of splits()) {
      expect(size).toBeGreaterThan(0)
      expect([values.length, labels.length]).toEqual([size * length, size])
      expect(values.buffer).toBeInstanceOf(SharedArrayBuffer)
      expect(scale).toBeGreaterThan(0)
    }
  })

  it('opened twice, has the same digest and the same samples', async () => {
    const again = await open()
    expect(again.digest).toBe(dataset.digest)
    expect(dataset.digest).toMatch(/^[0-9a-f]{64}$/)
    for (const name of ['train', 'test'] as const) {
      const [one, other] = [dataset.splits[name], again.splits[name]]
      expect([other.size, other.scale]).toEqual([one.size, one.scale])
      expect(Buffer.compare(bytesOf(other.labels), bytesOf(one.labels))).toBe(0)
      expect(Buffer.compare(bytesOf(other.values), bytesOf(one.values))).toBe(0)
    }
  })

  it('has finite values only', () => {
    for (const split of splits()) expect(someSamples(split).every(Number.isFinite)).toBe(true)
  })

  it('labels every sample with one of its classes, and uses them all', () => {
    for (const { labels } of splits()) {
      const classes = [...new Set(labels)].sort((a, b) => a - b)
      expect(classes).toEqual(Array.from({ length: dataset.signature.classes }, (_, label) => label))
    }
  })

  it('refuses each of its files when truncated, naming the file and what was expected', async () => {
    const files = await withTruncatedReads(
      () => false,
      async () => void (await open()),
    )
    for (const file of files) {
      await withTruncatedReads(
        (read) => read === file,
        async () => expectRefusal(await refusal(open()), 'data.invalid', file),
      )
    }
  })

  if (!('path' in format.parameters.properties)) return
  describe('reads from a place that the job names', () => {
    it('and has the same digest wherever that is', async () => {
      const given = String(params['path'] ?? '.')
      const source = root ?? (await folderOf(open))
      const copy = path.join(folder, 'moved', 'copy')
      await cp(source, copy, { recursive: true })
      expect((await open({}, copy)).digest).toBe(dataset.digest)
      expect((await open({ path: path.join(copy, given) }, null)).digest).toBe(dataset.digest)
      expect((await open({ path: path.join('copy', given) }, path.dirname(copy))).digest).toBe(dataset.digest)
    })

    it('and leaves it neither upwards nor by an absolute path', async () => {
      const inside = path.join(folder, 'inside')
      await mkdir(inside, { recursive: true })
      for (const way of ['..', '../set', path.join(folder, 'set')])
        expectRefusal(await refusal(open({ path: way }, inside)), 'data.invalid', way)
    })

    it('and says that there is nothing where there is nothing', async () => {
      const error = await refusal(open({ path: path.join(folder, 'nowhere') }, null))
      expect(error).toMatchObject({ code: 'data.not_found', message: expect.stringContaining('nowhere') })
      expectRefusal(await refusal(open({ path: 'no/absolute/path' }, null)), 'data.invalid', 'no/absolute/path')
    })
  })
}

/** A format must have data to be tested with. */
async function opened(format: DataFormat, params: unknown, root: string | null): Promise<Dataset> {
  try {
    return await format.open(params, root)
  } catch (error) {
    if (root !== null || !(error instanceof TrainingError) || error.code !== 'data.not_found') throw error
    const file = `packages/data/src/testing/${format.name}-fixture.ts`
    const message = `${format.name} has no data by default, and no ${file} that exports \`fixture\` to test it with`
    throw new Error(message, { cause: error })
  }
}

/** The folder of the files that a set with data of its own is read from. */
async function folderOf(open: () => Promise<unknown>): Promise<string> {
  const files = await withTruncatedReads(
    () => false,
    async () => void (await open()),
  )
  return path.dirname(files[0] ?? '')
}

async function refusal(opening: Promise<unknown>): Promise<unknown> {
  return await opening.then(
    () => 'it was opened',
    (error: unknown) => error,
  )
}

function expectRefusal(error: unknown, code: string, what: string): void {
  expect(error).toBeInstanceOf(TrainingError)
  expect(error).toMatchObject({ code, message: expect.stringContaining(what) })
  expect((error as Error).message).toMatch(/Expected .+, received .+\./s)
}

/** About a thousand, from the first to the last. */
function someSamples(split: Split): Float32Array {
  const step = Math.max(1, Math.floor(split.size / 1000))
  const indices = Int32Array.from({ length: Math.ceil(split.size / step) }, (_, i) => i * step)
  const into = new Float32Array((indices.length * split.values.length) / split.size)
  readSamples({ split, indices, into, normalise: null })
  return into
}

function bytesOf(values: Int32Array | Uint8Array | Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}
