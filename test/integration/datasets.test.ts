// Data sets from end to end: over HTTP into PostgreSQL and the artifact store, and from there, or from a real S3 server,
// through a worker with its real client to the folder that its trainer is given.
import { hash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import { type ArtifactStore, createArtifactStore, createObjectReader } from '@stillhouse/artifacts'
import { type Client, createClient } from '@stillhouse/client'
import { sweep } from '@stillhouse/jobs'
import { createLogger } from '@stillhouse/kit'
import type { JobSpec } from '@stillhouse/spec'
import { startS3, type TestS3 } from '@stillhouse/testkit'
import type { FastifyInstance } from 'fastify'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createApp } from '../../apps/api/src/app.ts'
import { addContractGuard } from '../../apps/api/src/testing/contract-guard.ts'
import { uploadData } from '../../apps/cli/src/upload-data.ts'
import { createClientWorkerApi } from '../../apps/worker/src/client-worker-api.ts'
import { createFakeService } from '../../apps/worker/src/testing/fake-service.ts'
import { DONE, SCRIPTED_DATA, scriptedJob } from '../../apps/worker/src/testing/scripted-job.ts'
import { startTestWorker } from '../../apps/worker/src/testing/start-test-worker.ts'
import { useJobs } from './jobs-harness.ts'

const jobs = useJobs({ leaseSeconds: 20 })
const SECRET = 'secret-of-the-integration-test'
const violations: string[] = []
const ends: (() => Promise<unknown>)[] = []
let app: FastifyInstance
let url = ''
let client: Client
let folder = ''

beforeEach(async () => {
  violations.length = 0
  const { service } = jobs()
  app = createApp({
    service,
    catalog: { methods: [], models: [], data: [], exports: [], jobSchema: {}, metrics: {} },
    logger: createLogger('api', 'silent'),
    checkJob: () => [],
    signatureOf: () => null,
    checkModel: () => ({ ok: false, faults: [] }),
    config: { datasetLimit: 3_000_000 },
  })
  addContractGuard(app, violations)
  await service.ensureKey({ name: 'test', secret: SECRET, scopes: ['admin'] })
  url = await app.listen({ host: '127.0.0.1', port: 0 })
  client = createClient({ baseUrl: url, apiKey: SECRET })
  folder = await mkdtemp(join(tmpdir(), 'stillhouse-datasets-'))
})
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
  await app.close()
  await rm(folder, { recursive: true, force: true })
  expect(violations).toEqual([])
})

const sha256 = (content: string | Buffer): string => hash('sha256', content)
const LARGE = Buffer.alloc(1_500_000, 'large')

async function makeFolder(): Promise<string> {
  const set = join(folder, 'set')
  await rm(set, { recursive: true, force: true })
  await mkdir(join(set, 'train/Kätzchen 1'), { recursive: true })
  await writeFile(join(set, 'train/Kätzchen 1/a.csv'), '1,2\n')
  await writeFile(join(set, 'train/b.csv'), '1,2\n')
  await writeFile(join(set, 'test.bin'), LARGE)
  return set
}

/** Runs the job's first attempt on a worker whose trainer only says what it was given. @returns those folders */
async function runOnWorker(spec: JobSpec, s3?: TestS3): Promise<{ folders: Record<string, string>; lines: string[] }> {
  const service = { ...createFakeService(), api: createClientWorkerApi({ url, token: SECRET }) }
  const worker = await startTestWorker(
    {},
    service,
    new AbortController(),
    s3 && (async () => createObjectReader(s3.env)),
  )
  ends.push(worker.drain)
  const { job } = await client.submitJob(spec)
  await expect
    .poll(async () => {
      await jobs().handOut()
      return (await client.getJob(job.id)).state
    })
    .toBe('dispatched')
  await worker.deliver(job.id, 1)
  const { items } = await client.listLogs(job.id)
  const lines = items.map(({ message }) => message)
  return { folders: JSON.parse(lines.find((line) => line.startsWith('{')) ?? '{}').dataFolders, lines }
}

const jobOn = (from: JobSpec['data']['from']): JobSpec =>
  scriptedJob({ run: [{ echoStart: true }, DONE] }, {}, { data: { ...SCRIPTED_DATA, ...(from && { from }) } })

const listTree = async (root: string): Promise<string[]> =>
  (await readdir(root, { recursive: true, withFileTypes: true }))
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name).slice(root.length + 1))
    .sort()

it('carries a folder from the command line to the trainer, byte for byte', async () => {
  const set = await makeFolder()
  const { dataset, isNew } = await uploadData(client, [set])
  expect(isNew).toBe(true)
  expect(dataset).toMatchObject({ size: LARGE.length + 8, files: [{ path: 'test.bin' }, {}, {}] })
  const { folders, lines } = await runOnWorker(jobOn({ upload: dataset.id }))
  const root = folders['data'] ?? ''
  expect(await listTree(root)).toEqual(['test.bin', 'train/Kätzchen 1/a.csv', 'train/b.csv'])
  expect(sha256(await readFile(join(root, 'test.bin')))).toBe(sha256(LARGE))
  expect(await readFile(join(root, 'train/Kätzchen 1/a.csv'), 'utf8')).toBe('1,2\n')
  expect(lines).toContain('data: 3 of 3 files, 1.5 MB of 1.5 MB')
})

it('keeps equal content once, and a data set once', async () => {
  const files = [
    { path: 'a', content: Buffer.from('same') },
    { path: 'b', content: Buffer.from('same') },
  ]
  const first = await client.uploadDataset(files)
  expect(await client.uploadDataset([...files].reverse())).toEqual({ dataset: first.dataset, isNew: false })
  expect(await jobs().query('SELECT id, file_count, size::int FROM dataset')).toEqual([
    { id: first.dataset.id, file_count: 2, size: 8 },
  ])
  expect(await uploadData(client, [await makeFolder()])).toMatchObject({ isNew: true })
  expect(await uploadData(client, [join(folder, 'set')])).toMatchObject({ isNew: false })
})

it('refuses a job on a data set that is not there, and one too large, with what was wrong', async () => {
  const nowhere = 'f'.repeat(64)
  await expect(client.submitJob(jobOn({ upload: nowhere }))).rejects.toMatchObject({
    status: 400,
    code: 'spec.invalid',
    faults: [{ path: '/data/from/upload', received: nowhere }],
  })
  const form = new FormData()
  for (const name of ['a', 'b', 'c']) form.append(name, new Blob([LARGE]), name)
  const response = await fetch(`${url}/v1/datasets`, {
    method: 'POST',
    body: form,
    headers: { authorization: `Bearer ${SECRET}` },
  })
  expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([413, 'request.too_large'])
  expect((await client.listDatasets()).items).toEqual([])
})

it('lists data sets newest first, page by page, by a cursor that cannot be made up', async () => {
  const ids: string[] = []
  for (const name of ['a', 'b', 'c']) {
    const content = Buffer.from(name)
    ids.unshift((await client.uploadDataset([{ path: name, content }])).dataset.id)
  }
  const first = await client.listDatasets({ limit: 2 })
  const rest = await client.listDatasets({ limit: 2, ...(first.nextCursor && { cursor: first.nextCursor }) })
  expect([...first.items, ...rest.items].map(({ id }) => id)).toEqual(ids)
  expect(rest.nextCursor).toBeNull()
  for (const cursor of ['x', 'f'.repeat(64)])
    await expect(client.listDatasets({ cursor })).rejects.toMatchObject({ status: 400, code: 'request.invalid' })
})

it('cleans away what an upload that was broken off has left, and nothing that a data set names', async () => {
  const { service, context } = jobs()
  const { dataset } = await client.uploadDataset([{ path: 'a', content: Buffer.from('kept') }])
  await service.addBlob(Readable.from([Buffer.from('kept')]))
  const { sha256: lost } = await service.addBlob(Readable.from([Buffer.from('lost')]))
  await sweep(context)
  expect(await context.artifacts.has(lost)).toBe(true)
  await jobs().query("UPDATE stale_blob SET due_at = now() - interval '1 minute'")
  await sweep(context)
  expect(await context.artifacts.has(lost)).toBe(false)
  expect(await context.artifacts.has(dataset.files[0]?.sha256 ?? '')).toBe(true)
})

it('answers a data set whose content is missing with what is missing', async () => {
  const files = [{ path: 'a', sha256: 'e'.repeat(64), size: 1 }]
  await expect(jobs().service.saveDataset(files)).rejects.toMatchObject({ code: 'blob.not_found' })
})

describe('on a real S3 server', () => {
  let s3: TestS3
  beforeAll(async () => {
    s3 = await startS3()
  })
  afterAll(() => s3.stop())

  async function fill(prefix: string, contents: readonly string[]): Promise<void> {
    const store = createArtifactStore(`s3://artifacts/${prefix}`, s3.env)
    for (const content of contents) await store.put(sha256(content), Readable.from([content]))
    await store.close()
  }

  it('carries a folder of a bucket to the trainer, with what is below it and nothing beside it', async () => {
    await fill('sets/one', ['a'])
    await fill('sets/one/deep', ['bb'])
    await fill('sets/one-more', ['c'])
    const { folders, lines } = await runOnWorker(jobOn({ s3: 's3://artifacts/sets/one' }), s3)
    const root = folders['data'] ?? ''
    expect(await listTree(root)).toEqual([sha256('a'), `deep/${sha256('bb')}`].sort())
    expect(await readFile(join(root, 'deep', sha256('bb')), 'utf8')).toBe('bb')
    expect(lines).toContain('data: 2 of 2 files, 3 B of 3 B')
  })

  it.each(['s3://artifacts/nothing/here', 's3://no-such-bucket/x'])('fails a job on %s for good', async (address) => {
    await runOnWorker(jobOn({ s3: address }), s3)
    const [job] = (await client.listJobs()).items
    expect(job).toMatchObject({
      state: 'failed',
      attempt: 1,
      failure: { code: 'data.not_found', message: expect.stringContaining(address) },
    })
  })
})

describe.each([
  ['a folder', async () => ({ url: pathToFileURL(join(folder, 'store')).href, env: {}, stop: async () => {} })],
  ['S3', startS3],
])('content whose digest is not known, stored on %s', (_name, start) => {
  let store: ArtifactStore
  beforeEach(async () => {
    const place = await start()
    store = createArtifactStore(place.url, place.env)
    ends.push(place.stop, store.close)
  })

  it('is kept under the digest that it has', async () => {
    const announced: string[] = []
    const stored = await store.add(Readable.from([LARGE, Buffer.from('!')]), async (digest) => {
      expect(await store.has(digest)).toBe(false)
      announced.push(digest)
    })
    const whole = Buffer.concat([LARGE, Buffer.from('!')])
    expect(stored).toEqual({ sha256: sha256(whole), size: whole.length })
    expect(announced).toEqual([stored.sha256])
    expect((await buffer(await store.get(stored.sha256))).equals(whole)).toBe(true)
    expect(await store.add(Readable.from([whole]))).toEqual(stored)
  })

  it('is not kept when it breaks off or may not be', async () => {
    async function* broken(): AsyncGenerator<Buffer> {
      yield Buffer.from('half')
      throw new Error('the line went dead')
    }
    await expect(store.add(Readable.from(broken()))).rejects.toThrow('the line went dead')
    const refused = store.add(Readable.from([Buffer.from('x')]), () => Promise.reject(new Error('not now')))
    await expect(refused).rejects.toThrow('not now')
    for (const content of ['half', 'x']) expect(await store.has(sha256(content))).toBe(false)
  })
})
