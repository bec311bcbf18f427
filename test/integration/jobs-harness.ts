// A job service for tests: real PostgreSQL and artifact store, and a queue in memory that can be told to fail or forget.
import { hash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { createArtifactStore } from '@stillhouse/artifacts'
import { createDatabase, migrate } from '@stillhouse/db'
import {
  assembleJobService,
  type Caller,
  dispatch,
  type JobContext,
  type JobService,
  relayOutbox,
  type TeamService,
} from '@stillhouse/jobs'
import { createLogger } from '@stillhouse/kit'
import type { QueueProducer } from '@stillhouse/queue'
import {
  type Claim,
  DEFAULT_TEAM,
  type Job,
  type JobSpec,
  type MetricPoint,
  parseJobSpec,
  type QueueMessage,
  queueIdOf,
  type RegisterWorker,
  type Report,
  type StoredFile,
} from '@stillhouse/spec'
import { startPostgres, type TestDatabase, type TestPostgres } from '@stillhouse/testkit'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'

export interface MemoryQueue extends QueueProducer {
  /** What it holds, in the order in which it came. */
  readonly held: Map<string, QueueMessage>
  /** Everything that was ever added to it. */
  readonly added: QueueMessage[]
  /** Worker in whose queue a message is, by the message's id. */
  readonly place: Map<string, string>
  /** Workers whose queue was deleted. */
  readonly forgotten: string[]
  /** While true every call rejects. */
  down: boolean
}

export type TestService = JobService & TeamService

const MEMBER: Caller = {
  keyId: '00000000-0000-7000-8000-00000000000a',
  keyName: 'member',
  scopes: ['jobs:read', 'jobs:write'],
  teamId: DEFAULT_TEAM.id,
  requestId: 'test',
}

/** The service, and what a member of the team `default` can do with it. */
export async function withMember(service: JobService): Promise<TestService> {
  return { ...service, ...(await service.as(MEMBER).inTeam()) }
}

export interface JobsHarness {
  readonly postgres: TestPostgres
  readonly database: TestDatabase
  readonly context: JobContext
  /** With what a member of the team `default` can do. */
  readonly service: TestService
  readonly queue: MemoryQueue
  /** Of the artifact store. */
  readonly folder: string
  submit(overrides?: object, options?: { idempotencyKey?: string; bodyHash?: string }): Promise<Job>
  /** Dispatches and relays once. */
  handOut(): Promise<void>
  worker(options?: Partial<RegisterWorker>): Promise<string>
  /** A submitted job, claimed by the worker that it was given to; there is a new one that could be. */
  running(overrides?: object): Promise<{ id: string; workerId: string; claim: Claim }>
  /** Stores the text as a blob and answers the file that names it. */
  store(path: string, text: string): Promise<StoredFile>
  /** Stores and announces an export, without which no job succeeds. */
  exportModel(ref: { jobId: string; attempt: number }): Promise<void>
  query(sql: string, values?: unknown[]): Promise<Record<string, unknown>[]>
}

/** Short enough for a test to outwait, and quick heartbeats to go with it. */
const SETTINGS = {
  ...{ leaseSeconds: 0.5, heartbeatSeconds: 1, claimSeconds: 0.2, staleBlobSeconds: 0 },
  ...{ maxWaitSeconds: 3600, overviewMs: 0, retryBaseSeconds: 0, poisonLosses: 3, suspectFailures: 5 },
  ...{ reconcileHours: 6, orphanSeconds: 0, outboundAllow: [] },
}

/** Registers the hooks that give every test of the file a service on a database of its own. */
export function useJobs(settings: Partial<JobContext['settings']> = {}): () => JobsHarness {
  let postgres: TestPostgres
  let template: TestDatabase
  let harness: JobsHarness & { end(): Promise<void> }
  beforeAll(async () => {
    postgres = await startPostgres()
    template = await postgres.createDatabase()
    await migrate(template.url)
  })
  afterAll(() => postgres.stop())
  beforeEach(async () => {
    harness = await createHarness(postgres, template, { ...SETTINGS, ...settings })
  })
  afterEach(() => harness.end())
  return () => harness
}

async function createHarness(postgres: TestPostgres, template: TestDatabase, settings: JobContext['settings']) {
  const database = await postgres.createDatabase({ template })
  const folder = await mkdtemp(join(tmpdir(), 'stillhouse-blobs-'))
  const queue = memoryQueue()
  const context: JobContext = {
    db: createDatabase({ url: database.url, connections: 10 }),
    queue,
    artifacts: createArtifactStore(pathToFileURL(folder).href),
    settings,
    logger: createLogger('test', 'silent'),
  }
  const service = await withMember(assembleJobService(context, database.url))
  const admin = new pg.Client(database.url)
  await admin.connect()
  const end = async (): Promise<void> => {
    await admin.end().catch(() => undefined)
    await service.close()
    await database.drop()
    await rm(folder, { recursive: true })
  }
  return {
    ...actions(context, service, queue),
    postgres,
    database,
    context,
    service,
    queue,
    folder,
    end,
    query: async (sql: string, values: unknown[] = []) => (await admin.query(sql, values)).rows,
  }
}

function actions(context: JobContext, service: TestService, { place }: MemoryQueue) {
  const submit: JobsHarness['submit'] = async (overrides = {}, options = {}) => {
    const { job } = await service.submit({ spec: specWith(overrides), bodyHash: 'a'.repeat(64), ...options })
    return job
  }
  const handOut = async (): Promise<void> => {
    await dispatch(context)
    await relayOutbox(context)
  }
  const worker: JobsHarness['worker'] = async (given = {}) => {
    const registration = { name: 'w1', host: 'localhost', version: '0.1.0', slots: 1, devices: [], ...given }
    return (await service.registerWorker(registration)).workerId
  }
  const store = async (path: string, text: string): Promise<StoredFile> => {
    const sha256 = hash('sha256', text)
    await service.putBlob(sha256, Readable.from([Buffer.from(text)]))
    return { path, sha256, size: Buffer.byteLength(text), contentType: 'application/octet-stream' }
  }
  return {
    submit,
    handOut,
    worker,
    store,
    async running(overrides = {}) {
      await worker()
      const { id } = await submit(overrides)
      await handOut()
      const workerId = place.get(`${id}-1`) ?? ''
      const claim = await service.claim(id, { workerId, attempt: 1 })
      return { id, workerId, claim }
    },
    async exportModel(ref: { jobId: string; attempt: number }) {
      const files = [await store('export/tfjs-layers/model.json', `{"of":"${ref.jobId}"}`)]
      await service.saveArtifacts(ref, { kind: 'export', files })
    },
  }
}

/** A valid spec with some fields replaced. */
export function specWith(overrides: object): JobSpec {
  const parsed = parseJobSpec({
    name: 'tiny',
    data: { name: 'optdigits' },
    student: { model: 'mlp' },
    method: { name: 'none' },
    train: { epochs: 1 },
    ...overrides,
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults))
  return parsed.spec
}

export function memoryQueue(): MemoryQueue {
  const held = new Map<string, QueueMessage>()
  const place = new Map<string, string>()
  const isIn = (message: QueueMessage, workerId: string) =>
    held.has(queueIdOf(message)) && place.get(queueIdOf(message)) === workerId
  const queue: MemoryQueue = {
    held,
    added: [],
    down: false,
    place,
    forgotten: [],
    async add(message, workerId) {
      await queue.ping()
      queue.added.push(message)
      place.set(queueIdOf(message), workerId)
      if (!held.has(queueIdOf(message))) held.set(queueIdOf(message), message)
    },
    async remove(message, workerId) {
      await queue.ping()
      return isIn(message, workerId) && held.delete(queueIdOf(message))
    },
    async has(message, workerId) {
      await queue.ping()
      return isIn(message, workerId)
    },
    async waiting(workerId, limit) {
      await queue.ping()
      return [...held.values()].filter((message) => isIn(message, workerId)).slice(0, limit)
    },
    async forget(workerId) {
      await queue.ping()
      queue.forgotten.push(workerId)
    },
    async counts() {
      return { waiting: held.size, active: 0 }
    },
    async ping() {
      if (queue.down) throw new Error('the queue is down')
    },
    async close() {},
  }
  return queue
}

/** A report with nothing in it but what is given. */
export function reportWith(batch: number, content: Partial<Report> = {}): Report {
  return { batch, metrics: [], logs: [], events: [], ...content }
}

/** Points numbered `first`..`last` of one metric. */
export function points(first: number, last: number, value = 1): MetricPoint[] {
  return Array.from({ length: last - first + 1 }, (_, index) => {
    return { seq: first + index, name: 'loss', stage: 'student', step: first + index, epoch: 0.5, value }
  })
}

/** Waits until `check` answers something true; fails after `ms`. */
export async function eventually<T>(check: () => Promise<T> | T, ms = 5000): Promise<NonNullable<T>> {
  const deadline = Date.now() + ms
  for (;;) {
    const answer = await check()
    if (answer) return answer as NonNullable<T>
    if (Date.now() > deadline) throw new Error(`it did not become true within ${ms} ms: ${check}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
