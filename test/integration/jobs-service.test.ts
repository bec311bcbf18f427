// The whole service on real parts: PostgreSQL, BullMQ on PostgreSQL, an artifact store on disk – and what it outlives.
import { hash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { createJobService } from '@stillhouse/jobs'
import { createLogger } from '@stillhouse/kit'
import type { JobEvent, QueueMessage } from '@stillhouse/spec'
import { startPostgres, type TestDatabase, type TestPostgres } from '@stillhouse/testkit'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type FakeWorker, persist, startFakeWorker, trainNothing } from './jobs-fleet.ts'
import { eventually, points, specWith, type TestService, withMember } from './jobs-harness.ts'

let postgres: TestPostgres
let database: TestDatabase
let folder: string
let services: TestService[]
let workers: FakeWorker[]

beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres.stop())
beforeEach(async () => {
  database = await postgres.createDatabase()
  folder = await mkdtemp(join(tmpdir(), 'stillhouse-blobs-'))
  services = []
  workers = []
})
afterEach(async () => {
  for (const worker of workers) await worker.stop()
  for (const service of services) await service.close()
  await database.drop()
  await rm(folder, { recursive: true })
})

/** A replica of the API's service; queue and tables share the database, as in the embedded default. */
async function replica(): Promise<TestService> {
  const options = {
    databaseUrl: database.url,
    queueUrl: database.url,
    artifactUrl: pathToFileURL(folder).href,
    leaseSeconds: 4,
    heartbeatSeconds: 0.3,
    claimSeconds: 1,
    logger: createLogger('test', 'silent'),
  }
  const service = await withMember(await createJobService(options))
  services.push(service)
  return service
}

async function fakeWorker(service: TestService, name: string, work?: (ref: QueueMessage) => Promise<void>) {
  const train = work ?? trainNothing(service, (ref) => exportModel(service, ref))
  const worker = await startFakeWorker({ service, queueUrl: database.url, name, slots: 2, work: train })
  workers.push(worker)
  return worker
}

async function exportModel(service: TestService, ref: QueueMessage): Promise<void> {
  const bytes = Buffer.from(`{"of":"${ref.jobId}"}`)
  const sha256 = hash('sha256', bytes)
  await service.putBlob(sha256, Readable.from([bytes]))
  const file = { path: 'export/tfjs-layers/model.json', sha256, size: bytes.length, contentType: 'application/json' }
  await service.saveArtifacts(ref, { kind: 'export', files: [file] })
}

async function submitMany(service: TestService, count: number): Promise<string[]> {
  const spec = specWith({ resources: { attempts: 10 } })
  const ids = []
  for (let n = 0; n < count; n += 1)
    ids.push((await persist(() => service.submit({ spec, idempotencyKey: `k${n}`, bodyHash: 'b' }))).job.id)
  return ids
}

async function allSucceeded(service: TestService, ids: readonly string[]): Promise<boolean> {
  const jobs = await Promise.all(ids.map((id) => persist(() => service.getJob(id))))
  const ended = jobs.filter((job) => job.state === 'failed' || job.state === 'cancelled')
  if (ended.length > 0) throw new Error(`ended otherwise: ${JSON.stringify(ended)}`)
  return jobs.every((job) => job.state === 'succeeded')
}

/** Finished once, events gapless, metrics neither lost nor doubled. */
async function expectWhole(service: TestService, id: string): Promise<void> {
  const { items } = await service.listEvents(id, { after: 0, limit: 1000 })
  expect(items.map((event) => event.seq)).toEqual(items.map((_, index) => index + 1))
  expect(items.filter((event) => event.type === 'state' && event.data.state === 'succeeded')).toHaveLength(1)
  expect((await service.listMetrics(id, { after: 0, limit: 100 })).items).toEqual(points(1, 10))
}

test('jobs go from submission through the real queue to success', async () => {
  const service = await replica()
  await service.start()
  expect(await service.ready()).toEqual({ database: true, queue: true, artifacts: true })
  const ids = await submitMany(service, 5)
  await fakeWorker(service, 'w1')
  await eventually(() => allSucceeded(service, ids), 20_000)
  for (const id of ids) await expectWhole(service, id)
  expect(await service.stats()).toMatchObject({
    jobs: { succeeded: 5, queued: 0, dispatched: 0, running: 0 },
    outboxPending: 0,
    oldestQueuedSeconds: 0,
    workers: { active: 1, slots: 2, busy: 0 },
  })
})

test('whoever follows a job is woken by another replica and sees every event', async () => {
  const [followed, working] = [await replica(), await replica()]
  await working.start()
  const [id = ''] = await submitMany(working, 1)
  const seen: JobEvent[] = []
  let complete = false
  let reading = Promise.resolve()
  const read = async (): Promise<void> => {
    const page = await followed.listEvents(id, { after: seen.at(-1)?.seq ?? 0, limit: 100 })
    seen.push(...page.items)
    complete = page.complete
  }
  let wakes = 0
  const stop = followed.watchJob(id, () => {
    wakes += 1
    reading = reading.then(read)
  })
  const other = followed.watchJob('another', () => expect.unreachable('woken for a job that is not followed'))
  await sleep(300) // the wake-up for everybody on connecting is over
  other()
  await fakeWorker(working, 'w1')
  await eventually(() => complete, 20_000)
  stop()
  const before = wakes
  await persist(() => working.retryJob(id)).catch(() => undefined)
  await submitMany(working, 2)
  expect(wakes).toBe(before)
  expect(seen.map((event) => event.seq)).toEqual(seen.map((_, index) => index + 1))
  const states = seen.flatMap((event) => (event.type === 'state' ? [event.data.state] : []))
  expect(states).toEqual(['queued', 'dispatched', 'running', 'succeeded'])
})

test('when the leading replica ends another takes over', async () => {
  const [first, second] = [await replica(), await replica()]
  await first.start()
  await eventually(() => hasLeader())
  await second.start()
  await first.close()
  services.shift()
  const ids = await submitMany(second, 2)
  await fakeWorker(second, 'w1')
  await eventually(() => allSucceeded(second, ids), 20_000)
})

test('a wiped queue loses no job', async () => {
  const service = await replica()
  await service.start()
  const ids = await submitMany(service, 3)
  await service.registerWorker({ name: 'ghost', host: 'localhost', version: '0.1.0', slots: 2, devices: [] })
  await eventually(async () => {
    const { jobs, outboxPending } = await service.stats()
    return jobs.dispatched === 2 && outboxPending === 0
  })
  expect(await wipeQueue()).toBe(2)
  await fakeWorker(service, 'w1')
  await eventually(() => allSucceeded(service, ids), 25_000)
  for (const id of ids) await expectWhole(service, id)
})

test('a PostgreSQL that restarts twice under load loses nothing and doubles nothing', async () => {
  const service = await replica()
  const bystander = await replica()
  await service.start()
  await bystander.start()
  await fakeWorker(service, 'w1')
  await fakeWorker(bystander, 'w2')
  const submitting = submitMany(service, 12)
  for (let restart = 0; restart < 2; restart += 1) {
    await sleep(400)
    await postgres.restart()
  }
  const ids = await submitting
  expect(new Set(ids).size).toBe(12)
  await eventually(() => allSucceeded(service, ids), 40_000)
  for (const id of ids) await expectWhole(service, id)
})

test('a service whose database is away says so and is well again when it is back', async () => {
  const service = await replica()
  const [id = ''] = await submitMany(service, 1)
  await postgres.halt()
  try {
    expect(await service.ready()).toMatchObject({ database: false, artifacts: true })
    const waiting = service.getJob(id) // outlives the outage
    await sleep(300)
    await postgres.start()
    expect(await waiting).toMatchObject({ id })
  } finally {
    await postgres.start()
  }
  await eventually(async () => (await service.ready()).database && (await service.ready()).queue, 10_000)
})

async function withClient<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(database.url)
  await client.connect()
  return work(client).finally(() => client.end())
}

const hasLeader = () =>
  withClient(async (client) => {
    const { rows } = await client.query(
      "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 7455401 AND granted",
    )
    return rows.length > 0
  })

/** As FLUSHALL does on Redis; answers how many messages were lost. */
const wipeQueue = () => withClient(async (client) => (await client.query('DELETE FROM bullmq.job')).rowCount)
