// What a job says of the models that it hands out.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JobSpec } from '@stillhouse/spec'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Exporter } from '../contracts/exporter.ts'
import { ENGINE_VERSION } from '../engine-version.ts'
import { tf } from '../testing/native-tf.ts'
import { tinyJob, tinyShelves } from '../testing/tiny-shelves.ts'
import type { JobEvent } from './job-event.ts'
import { listFiles } from './job-files.ts'
import { runJob } from './run-job.ts'

const [files] = tinyShelves().exports as [Exporter]

/** The same files, but answers turned around, as weights in one bit might give. */
const rough: Exporter = {
  ...files,
  name: 'rough',
  quantised: () => 'one-bit',
  load: async (request) => {
    const loaded = await files.load(request)
    return { ...loaded, predict: (x) => tf.neg(loaded.predict(x)) }
  },
}

const spec = tinyJob({
  evaluate: { latencyRuns: 0, batchSize: 7 },
  export: [{ format: 'files' }, { format: 'rough', name: 'small' }],
})

let root: string
let attempts = 0
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'write-exports-'))
})
afterAll(() => rm(root, { recursive: true }))

async function run(job: JobSpec) {
  attempts += 1
  const scratch = join(root, String(attempts))
  const request = { tf, spec: job, scratch, checkpoint: null, fetchModel: async () => null }
  const shelves = { ...tinyShelves(), exports: [files, rough] }
  const events: JobEvent[] = []
  for await (const event of runJob({ ...request, shelves, signal: new AbortController().signal })) events.push(event)
  const read = async (...path: string[]) => JSON.parse(await readFile(join(scratch, ...path), 'utf8'))
  const prefixes = events.flatMap((event) => (event.type === 'artifacts' ? [event.prefix] : []))
  const metrics = events.flatMap((event) => (event.type === 'done' ? [event.metrics] : []))[0] ?? {}
  const progress = events.flatMap((event) => (event.type === 'progress' ? [event.progress] : []))
  return { scratch, prefixes, metrics, progress, read, report: await read('report', 'report.json') }
}

let ran: Awaited<ReturnType<typeof run>>
beforeAll(async () => {
  ran = await run(spec)
}, 60_000)

describe('a job that exports', () => {
  it('hands out one folder each, under its name or else that of its format', () => {
    expect(ran.prefixes).toEqual(['export/files', 'export/small', 'report'])
  })

  it('reports each with its files and what it is worth when it is loaded back', async () => {
    const [plain, small] = ran.report.exports
    const written = (await listFiles(join(ran.scratch, 'export/files'))).filter(
      ({ path }) => path !== 'stillhouse.json',
    )
    expect(plain).toEqual({
      name: 'files',
      format: 'files',
      params: {},
      weights: 'float32',
      files: written,
      bytes: written.reduce((sum, { size }) => sum + size, 0),
      accuracy: ran.metrics['accuracy'],
      nll: expect.closeTo(ran.metrics['nll'] ?? Number.NaN, 5),
      agreement: 1,
    })
    expect(ran.metrics['size.bytes']).toBe(plain.bytes)
    expect(small).toMatchObject({ name: 'small', format: 'rough', weights: 'one-bit', bytes: plain.bytes })
  })

  it('does not fail one whose weights are quantised for answering differently, but says so', () => {
    const [plain, small] = ran.report.exports
    expect(plain.accuracy).toBeGreaterThan(0.6)
    expect(small.accuracy).toBeLessThan(plain.accuracy)
    expect(small.agreement).toBe(0)
    expect(small.nll).toBeGreaterThan(plain.nll)
    expect(ran.metrics).toMatchObject({ 'export.accuracy.min': small.accuracy, 'export.agreement.min': 0 })
  })

  it('goes on with its bar through every sample of every export', () => {
    const last = ran.progress.at(-1)
    expect(last).toMatchObject({ stage: 'export', step: 120, steps: 120 })
  })
})

describe('stillhouse.json beside an export', () => {
  it('says what goes in, what comes out, what it is worth and where it came from', async () => {
    const manifest = await ran.read('export', 'small', 'stillhouse.json')
    const { accuracy, nll, agreement, ...model } = ran.report.exports[1]
    expect(manifest.model).toEqual(model)
    expect(manifest).toMatchObject({
      format: 1,
      input: { shape: [6, 6, 1], dtype: 'float32', normalise: null },
      output: { kind: 'logits', classes: 3 },
      metrics: { accuracy, nll, agreement, params: ran.metrics['params'], macs: ran.metrics['macs'] },
    })
    expect(manifest.metrics).toMatchObject({ split: 'test', samples: 60 })
    const { lineage } = manifest
    const [teacher] = ran.report.lineage.teachers
    expect(lineage).toMatchObject({
      specSha256: ran.report.lineage.specSha256,
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
      data: { name: 'blobs', digest: ran.report.lineage.data.digest, trainedOn: 120 },
      student: { model: 'mlp' },
      method: { name: 'imitate' },
      teachers: [{ key: teacher.key, digest: expect.stringMatching(/^[0-9a-f]{64}$/) }],
      versions: { engine: ENGINE_VERSION, stillhouse: expect.stringMatching(/^\d/), tensorflow: expect.anything() },
    })
  })

  it('tells the range of the samples, and how they are normalised where the job asks for it', async () => {
    const { input } = await ran.read('export', 'files', 'stillhouse.json')
    expect(input.range[0]).toBeLessThan(input.range[1])
    const normalised = await run(
      tinyJob({ data: { name: 'blobs', normalise: { mean: [0.25], std: [0.5] } }, evaluate: { latencyRuns: 0 } }),
    )
    const other = await normalised.read('export', 'files', 'stillhouse.json')
    expect(other.input).toEqual({ ...input, normalise: { mean: [0.25], std: [0.5] } })
  })

  it('has the same bytes when an equal job runs again, and others for another spec', async () => {
    const manifests = async ({ scratch }: { scratch: string }) =>
      (await listFiles(join(scratch, 'export'))).filter(({ path }) => path.endsWith('stillhouse.json'))
    const first = await manifests(ran)
    expect(first.map(({ path }) => path)).toEqual(['files/stillhouse.json', 'small/stillhouse.json'])
    expect(await manifests(await run(spec))).toEqual(first)
    const renamed = await manifests(await run({ ...spec, name: 'other' }))
    expect(renamed[0]?.sha256).not.toBe(first[0]?.sha256)
  })
})
