// Data sets that jobs take from elsewhere, through a whole worker with a scripted trainer: folders that reach the
// trainer, what the job's log says, and what becomes of a job whose data does not come.
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { FoundObject, ObjectErrorReason, ObjectReader } from '@stillhouse/artifacts'
import type { JobSpec } from '@stillhouse/spec'
import { afterEach, expect, it } from 'vitest'
import { createFakeService, type FakeJob, FakeProblem } from './testing/fake-service.ts'
import { DONE, SCRIPTED_DATA, scriptedJob } from './testing/scripted-job.ts'
import { startTestWorker, type TestWorker } from './testing/start-test-worker.ts'
import { waitUntil } from './testing/wait-until.ts'

const workers: TestWorker[] = []
const start = async (...args: Parameters<typeof startTestWorker>): Promise<TestWorker> => {
  const worker = await startTestWorker(...args)
  workers.push(worker)
  return worker
}
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.drain()))
})

const jobWith = (fields: Partial<JobSpec>): JobSpec => scriptedJob({ run: [{ echoStart: true }, DONE] }, {}, fields)
const from = (source: JobSpec['data']['from']) => ({ ...SCRIPTED_DATA, ...(source && { from: source }) })
const linesOf = (job: FakeJob): string[] => job.reports.flatMap(({ logs }) => logs.map(({ message }) => message))
const foldersOf = (job: FakeJob): Record<string, string> =>
  JSON.parse(linesOf(job).find((line) => line.startsWith('{')) ?? '{}').dataFolders
const NOWHERE = 'f'.repeat(64)

it('brings every data set that a job names to a folder and tells the trainer where', async () => {
  const worker = await start()
  const main = worker.service.storeDataset({ 'train/a b.csv': '1,2', 'test.csv': '3' })
  const more = worker.service.storeDataset({ 'x.npz': 'xyz' })
  const job = await worker.run(
    jobWith({ data: from({ upload: main }), sources: { unlabelled: from({ upload: more }), own: from(undefined) } }),
  )
  expect(job.outcomes).toMatchObject([{ outcome: 'succeeded' }])
  const folders = foldersOf(job)
  expect(Object.keys(folders)).toEqual(['data', 'unlabelled'])
  expect(await readFile(join(folders['data'] ?? '', 'train/a b.csv'), 'utf8')).toBe('1,2')
  expect(await readFile(join(folders['unlabelled'] ?? '', 'x.npz'), 'utf8')).toBe('xyz')
  expect(linesOf(job)).toEqual(
    expect.arrayContaining(['data: 2 of 2 files, 4 B of 4 B', 'unlabelled: 1 of 1 files, 3 B of 3 B']),
  )
})

it('fetches a data set for the first of two jobs only, and mends what was damaged in between', async () => {
  const worker = await start()
  const id = worker.service.storeDataset({ a: '1', b: '2' })
  const spec = jobWith({ data: from({ upload: id }) })
  const first = await worker.run(spec)
  const second = await worker.run(spec)
  expect(foldersOf(second)).toEqual(foldersOf(first))
  expect(worker.service.calls.filter((call) => call === 'getBlob')).toHaveLength(2)
  expect(linesOf(second)).toContain('data: 2 of 2 files, 2 B of 2 B, all of it in the cache of this worker')
  const damaged = join(foldersOf(first)['data'] ?? '', 'a')
  await chmod(damaged, 0o644)
  await writeFile(damaged, 'X')
  await worker.run(spec)
  expect(await readFile(damaged, 'utf8')).toBe('1')
})

it('makes no folder for jobs that need none', async () => {
  const worker = await start()
  expect(foldersOf(await worker.run(jobWith({})))).toEqual({})
})

it('fails a job for good when its data set does not exist', async () => {
  const worker = await start()
  const job = await worker.run(jobWith({ data: from({ upload: NOWHERE }) }))
  expect(job.outcomes).toMatchObject([
    { outcome: 'failed', code: 'data.not_found', message: expect.stringContaining(NOWHERE) },
  ])
})

it('does not train on files that are not those of the id', async () => {
  const worker = await start()
  const id = worker.service.storeDataset({ a: '1' })
  const dataset = worker.service.datasets.get(id)
  if (dataset) worker.service.datasets.set(NOWHERE, { ...dataset, id: NOWHERE })
  const job = await worker.run(jobWith({ data: from({ upload: NOWHERE }) }))
  expect(job.outcomes).toMatchObject([
    { code: 'worker.upload_failed', message: expect.stringMatching(/do not make up that id/) },
  ])
})

it('blames the store when a file is damaged there', async () => {
  const worker = await start()
  const id = worker.service.storeDataset({ a: '1' })
  for (const sha256 of worker.service.blobs.keys()) worker.service.blobs.set(sha256, Buffer.from('X'))
  const job = await worker.run(jobWith({ data: from({ upload: id }) }))
  expect(job.outcomes).toMatchObject([
    { code: 'worker.upload_failed', message: expect.stringContaining('a is damaged') },
  ])
})

it('gives up a store that stays down with a failure that another attempt may mend', async () => {
  const worker = await start({ uploadMs: 300 })
  const id = worker.service.storeDataset({ a: '1' })
  worker.service.before = (call) => {
    if (call === 'getBlob') throw new FakeProblem(503, 'service.unavailable')
  }
  const job = await worker.run(jobWith({ data: from({ upload: id }) }))
  expect(job.outcomes).toMatchObject([{ outcome: 'failed', code: 'worker.upload_failed' }])
})

/** A service whose blobs never arrive, until the transfer is broken off. */
function stuckService() {
  const service = createFakeService()
  let brokenOff = 0
  service.api.getBlob = (_sha256, _path, signal) =>
    new Promise((_, reject) => {
      signal?.addEventListener('abort', () => {
        brokenOff += 1
        reject(signal.reason)
      })
    })
  return { service, brokenOff: () => brokenOff }
}

it('cancels a job while its data is on the way, and breaks the transfer off', async () => {
  const { service, brokenOff } = stuckService()
  const worker = await start({}, service)
  const jobId = service.addJob(jobWith({ data: from({ upload: service.storeDataset({ a: '1' }) }) }))
  const job = service.jobs.get(jobId) as FakeJob
  const delivered = worker.deliver(jobId, 1)
  await waitUntil(() => linesOf(job).some((line) => line.startsWith('data: 0 of 1 files')))
  job.order = 'cancel'
  await delivered
  expect(job.outcomes).toEqual([{ outcome: 'cancelled' }])
  expect(brokenOff()).toBe(1)
})

it('hands a job back when the worker shuts down while its data is on the way', async () => {
  const { service } = stuckService()
  const draining = new AbortController()
  const worker = await start({}, service, draining)
  const jobId = service.addJob(jobWith({ data: from({ upload: service.storeDataset({ a: '1' }) }) }))
  const job = service.jobs.get(jobId) as FakeJob
  const delivered = worker.deliver(jobId, 1)
  await waitUntil(() => linesOf(job).length > 0)
  draining.abort()
  await delivered
  expect(job.outcomes).toMatchObject([{ outcome: 'handed-back' }])
})

it('says nothing more about a job that was taken away while its data was on the way', async () => {
  const { service } = stuckService()
  const worker = await start({}, service)
  const jobId = service.addJob(jobWith({ data: from({ upload: service.storeDataset({ a: '1' }) }) }))
  const job = service.jobs.get(jobId) as FakeJob
  const delivered = worker.deliver(jobId, 1)
  await waitUntil(() => linesOf(job).length > 0)
  job.order = 'abandon'
  await delivered
  expect(job.outcomes).toEqual([])
})

const S3 = 's3://some-bucket/folder'

function bucketOf(texts: Record<string, string>, fails: { list?: ObjectErrorReason; times?: number } = {}) {
  let [left, lists, closed] = [fails.times ?? Number.POSITIVE_INFINITY, 0, 0]
  const reader: ObjectReader = {
    list: async () => {
      lists += 1
      if (fails.list && left-- > 0)
        throw Object.assign(new Error(`cannot list ${S3}`), { name: 'ObjectError', reason: fails.list })
      return Object.entries(texts).map(([path, text]): FoundObject => {
        return { bucket: 'some-bucket', key: `folder/${path}`, path, size: text.length, etag: `"${text}"` }
      })
    },
    read: async ({ path }) => Readable.from([texts[path] ?? '']),
    close: () => {
      closed += 1
    },
  }
  return { open: async () => reader, lists: () => lists, closed: () => closed, texts }
}
const startOn = (bucket: ReturnType<typeof bucketOf>): Promise<TestWorker> =>
  start({ uploadMs: 1000 }, createFakeService(), new AbortController(), bucket.open)
const S3_JOB = jobWith({ data: from({ s3: S3 }) })

it('brings a folder of S3, keeps it, and fetches it anew when an object has changed', async () => {
  const bucket = bucketOf({ 'a.csv': '1', 'b/c.csv': '22' })
  const worker = await startOn(bucket)
  const [first, second] = [await worker.run(S3_JOB), await worker.run(S3_JOB)]
  expect(await readFile(join(foldersOf(first)['data'] ?? '', 'b/c.csv'), 'utf8')).toBe('22')
  expect(foldersOf(second)).toEqual(foldersOf(first))
  expect(linesOf(second)).toContain('data: 2 of 2 files, 3 B of 3 B, all of it in the cache of this worker')
  bucket.texts['a.csv'] = '3'
  const third = await worker.run(S3_JOB)
  expect(await readFile(join(foldersOf(third)['data'] ?? '', 'a.csv'), 'utf8')).toBe('3')
  expect(bucket.closed()).toBe(3)
})

it.each([
  ['missing', 'data.not_found', 1],
  ['refused', 'data.not_found', 1],
  ['too-large', 'spec.rejected', 1],
] as const)('ends a job whose folder in S3 is %s as %s at once', async (reason, code, lists) => {
  const bucket = bucketOf({ a: '1' }, { list: reason })
  const job = await (await startOn(bucket)).run(S3_JOB)
  expect(job.outcomes).toMatchObject([{ outcome: 'failed', code, message: expect.stringContaining(S3) }])
  expect(bucket.lists()).toBe(lists)
})

it('waits for an S3 server that is down for a moment', async () => {
  const bucket = bucketOf({ a: '1' }, { list: 'unavailable', times: 1 })
  const job = await (await startOn(bucket)).run(S3_JOB)
  expect(job.outcomes).toMatchObject([{ outcome: 'succeeded' }])
})

it('leaves a job whose S3 server stays down to another attempt', async () => {
  const job = await (await startOn(bucketOf({ a: '1' }, { list: 'unavailable' }))).run(S3_JOB)
  expect(job.outcomes).toMatchObject([{ code: 'worker.upload_failed' }])
})

it.each(['../../evil', '/etc/passwd', 'a//b'])('refuses an object in S3 with the path %s', async (path) => {
  const job = await (await startOn(bucketOf({ good: '1', [path]: 'x' }))).run(S3_JOB)
  expect(job.outcomes).toMatchObject([{ code: 'data.invalid', message: expect.stringContaining(path) }])
})

it('keeps its own S3 credentials from the trainer', async () => {
  const before = process.env['AWS_SECRET_ACCESS_KEY']
  process.env['AWS_SECRET_ACCESS_KEY'] = 'secret'
  try {
    const job = await (await start()).run(scriptedJob({ run: [{ echoEnv: true }, DONE] }))
    expect(Object.keys(JSON.parse(linesOf(job)[0] ?? '{}')).filter((name) => /^(AWS|S3)_/.test(name))).toEqual([])
  } finally {
    if (before === undefined) delete process.env['AWS_SECRET_ACCESS_KEY']
    else process.env['AWS_SECRET_ACCESS_KEY'] = before
  }
})
