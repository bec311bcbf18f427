// A small cluster on this machine, as real processes: PostgreSQL, API and workers – with Redis and S3, or with the queue
// in PostgreSQL and artifacts on disk.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Artifact, Job, JobEvent, MetricPoint } from '@stillhouse/spec'
import { isFinalState } from '@stillhouse/spec'
import {
  type AppProcess,
  freePort,
  startApp,
  startPostgres,
  startRedis,
  startS3,
  type TestPostgres,
  type TestRedis,
  waitUntil,
} from '@stillhouse/testkit'

export const API_KEY = 'sh_test_admin_key_for_end_to_end_tests'
const WORKER_TOKEN = 'shw_test_worker_token_for_end_to_end_tests'

export type QueueKind = 'redis' | 'postgresql'

export interface ClusterOptions {
  readonly queue: QueueKind
  readonly workers: number
  readonly leaseSeconds?: number
}

export interface Cluster {
  readonly url: string
  readonly postgres: TestPostgres
  /** Present when the queue is Redis. */
  readonly redis: TestRedis | undefined
  readonly workers: AppProcess[]
  readonly api: AppProcess
  startWorker(): AppProcess
  request(
    method: string,
    route: string,
    options?: { body?: unknown; headers?: Record<string, string> },
  ): Promise<Response>
  submit(spec: unknown, headers?: Record<string, string>): Promise<Job>
  job(id: string): Promise<Job>
  /** Waits for a final state. */
  finished(id: string, seconds?: number): Promise<Job>
  /** Waits until the job trains and has stored a checkpoint (of `attempt`, when given). */
  checkpointed(id: string, attempt?: number): Promise<Job>
  metrics(id: string): Promise<MetricPoint[]>
  /** All events so far, read from the SSE stream of a finished job. */
  events(id: string): Promise<JobEvent[]>
  artifacts(id: string): Promise<Artifact[]>
  stop(): Promise<void>
}

/** Starts everything and waits until the workers are connected. */
export async function startCluster({ queue, workers: count, leaseSeconds = 4 }: ClusterOptions): Promise<Cluster> {
  const folder = mkdtempSync(path.join(tmpdir(), 'stillhouse-cluster-'))
  const postgres = await startPostgres()
  const database = await postgres.createDatabase()
  const redis =
    queue === 'redis' ? await startRedis(['--maxmemory-policy', 'noeviction', '--appendonly', 'yes']) : undefined
  const s3 = queue === 'redis' ? await startS3() : undefined
  const queueUrl = redis?.url ?? database.url
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const api = startApp('api', {
    HOST: '127.0.0.1',
    PORT: String(port),
    DATABASE_URL: database.url,
    QUEUE_URL: queueUrl,
    ARTIFACT_URL: s3?.url ?? pathToFileURL(path.join(folder, 'artifacts')).href,
    ...s3?.env,
    BOOTSTRAP_API_KEY: API_KEY,
    WORKER_TOKEN,
    LEASE_SECONDS: String(leaseSeconds),
    HEARTBEAT_SECONDS: '1',
  })
  const workers: AppProcess[] = []
  const startWorker = (): AppProcess => {
    const name = `w${workers.length + 1}`
    const worker = startApp('worker', {
      API_URL: url,
      WORKER_TOKEN,
      QUEUE_URL: queueUrl,
      WORKER_NAME: name,
      SLOTS: '1',
      SCRATCH_DIR: path.join(folder, name),
    })
    workers.push(worker)
    return worker
  }
  const request: Cluster['request'] = (method, route, { body, headers = {} } = {}) =>
    fetch(`${url}${route}`, {
      method,
      headers: {
        authorization: `Bearer ${API_KEY}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
  const read = async <T>(route: string): Promise<T> => {
    const response = await request('GET', route)
    if (!response.ok) throw new Error(`GET ${route}: ${response.status} ${await response.text()}`)
    return (await response.json()) as T
  }
  const cluster: Cluster = {
    url,
    postgres,
    redis,
    workers,
    api,
    startWorker,
    request,
    submit: async (spec, headers = {}) => {
      const response = await request('POST', '/v1/jobs', { body: spec, headers })
      if (!response.ok) throw new Error(`submit: ${response.status} ${await response.text()}`)
      return (await response.json()) as Job
    },
    job: (id) => read<Job>(`/v1/jobs/${id}`),
    finished: (id, seconds = 90) =>
      waitUntil(
        `job ${id} to finish`,
        async () => {
          const job = await read<Job>(`/v1/jobs/${id}`).catch(() => undefined)
          return job !== undefined && isFinalState(job.state) && job
        },
        seconds,
      ),
    checkpointed: (id, attempt) =>
      waitUntil(`a checkpoint of job ${id}`, async () => {
        const job = await read<Job>(`/v1/jobs/${id}`)
        if (isFinalState(job.state)) throw new Error(`job ${id} was ${job.state} before it could be disturbed`)
        if (job.state !== 'running' || (attempt !== undefined && job.attempt !== attempt)) return undefined
        const { items } = await read<{ items: Artifact[] }>(`/v1/jobs/${id}/artifacts`)
        return items.some((artifact) => artifact.kind === 'checkpoint' && artifact.attempt === job.attempt) && job
      }),
    metrics: async (id) => {
      const all: MetricPoint[] = []
      for (;;) {
        const page = await read<{ items: MetricPoint[]; lastSeq: number }>(
          `/v1/jobs/${id}/metrics?after=${all.at(-1)?.seq ?? 0}&limit=1000`,
        )
        if (page.items.length === 0) return all
        all.push(...page.items)
      }
    },
    events: async (id) => parseEvents(await (await request('GET', `/v1/jobs/${id}/events`)).text()),
    artifacts: async (id) => (await read<{ items: Artifact[] }>(`/v1/jobs/${id}/artifacts`)).items,
    stop: async () => {
      for (const worker of workers) await worker.end('SIGKILL')
      await api.end('SIGTERM')
      await redis?.stop()
      await s3?.stop()
      await postgres.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  try {
    await waitUntil('the API to be ready', async () => {
      if (!(await isAnswering(`${url}/readyz`))) return false
      return true
    })
    for (let i = 0; i < count; i++) startWorker()
    await connected(cluster, count)
    return cluster
  } catch (error) {
    const output = [api, ...workers]
      .map((process) => `--- ${process.name}\n${process.output().slice(-3000)}`)
      .join('\n')
    await cluster.stop()
    throw new Error(`the cluster did not start\n${output}`, { cause: error })
  }
}

async function isAnswering(url: string): Promise<boolean> {
  return fetch(url).then(
    (response) => response.ok,
    () => false,
  )
}

/** Waits until `count` workers are active. */
export async function connected(cluster: Cluster, count: number): Promise<void> {
  await waitUntil(`${count} active workers`, async () => {
    const { items } = (await (await cluster.request('GET', '/v1/workers')).json()) as { items: { state: string }[] }
    return items.filter(({ state }) => state === 'active').length >= count
  })
}

function parseEvents(text: string): JobEvent[] {
  return text
    .split('\n\n')
    .filter((block) => block.includes('\ndata:') || block.startsWith('data:'))
    .map((block) => {
      const field = (name: string): string =>
        block
          .split('\n')
          .find((line) => line.startsWith(`${name}:`))
          ?.slice(name.length + 1)
          .trim() ?? ''
      const payload = JSON.parse(field('data')) as Record<string, unknown>
      return {
        seq: Number(field('id')),
        type: field('event'),
        ...('data' in payload && 'type' in payload ? payload : { data: payload }),
      } as unknown as JobEvent
    })
}
