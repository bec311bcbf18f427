// The worker as it is deployed: its built entry as a process, a real queue, an API over HTTP. The trainer is a script,
// so that the test decides what it does; what it does here is dying, being killed, and being told to stop.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createLogger } from '@stillhouse/kit'
import { createQueueProducer, type QueueProducer } from '@stillhouse/queue'
import { startPostgres, type TestDatabase, type TestPostgres } from '@stillhouse/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { createFakeService, type FakeJob, type FakeService } from '../../apps/worker/src/testing/fake-service.ts'
import { type Action, DONE, scriptedJob } from '../../apps/worker/src/testing/scripted-job.ts'
import { FAKE_TOKEN, type FakeApi, serveFakeService } from '../../apps/worker/src/testing/serve-fake-service.ts'
import { waitUntil } from '../../apps/worker/src/testing/wait-until.ts'

const WORKER = fileURLToPath(new URL('../../apps/worker/dist/main.js', import.meta.url))
const TRAINER = fileURLToPath(new URL('../../apps/worker/src/testing/scripted-trainer.mjs', import.meta.url))
const ENDLESS: Action = { steps: { count: 100_000, everyMs: 10 } }

interface WorkerProcess {
  /** What it printed so far. */
  output(): string
  /** Resolves with exit code and signal. */
  readonly exited: Promise<unknown[]>
  /** Sends the signal; resolves with the exit code. */
  end(signal: NodeJS.Signals): Promise<number | null>
}

let postgres: TestPostgres
let database: TestDatabase
let producer: QueueProducer
let service: FakeService
let api: FakeApi
let scratch = ''
const processes: WorkerProcess[] = []

beforeAll(async () => {
  postgres = await startPostgres()
  database = await postgres.createDatabase()
  producer = await createQueueProducer(database.url, { logger: createLogger('test', 'silent') })
})
afterAll(async () => {
  await producer.close()
  await database.drop()
  await postgres.stop()
})
beforeEach(async () => {
  service = createFakeService()
  api = await serveFakeService(service)
  scratch = await mkdtemp(join(tmpdir(), 'stillhouse-worker-it-'))
})
afterEach(async () => {
  await Promise.all(processes.splice(0).map((worker) => worker.end('SIGKILL')))
  await api.close()
  await rm(scratch, { recursive: true, force: true })
})

function startWorker(env: Record<string, string> = {}): WorkerProcess {
  const child = spawn(process.execPath, [WORKER], {
    env: {
      PATH: process.env['PATH'],
      API_URL: api.url,
      WORKER_TOKEN: FAKE_TOKEN,
      QUEUE_URL: database.url,
      SCRATCH_DIR: scratch,
      TRAINER_ENTRY: TRAINER,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  const exited = once(child, 'exit')
  const worker = {
    output: () => output,
    exited,
    end: async (signal: NodeJS.Signals): Promise<number | null> => {
      child.kill(signal)
      return (await exited)[0] as number | null
    },
  }
  processes.push(worker)
  return worker
}

async function submit(run: Action[], onStop: Action[] = []): Promise<FakeJob> {
  const jobId = service.addJob(scriptedJob({ run, onStop }))
  await producer.add({ jobId, attempt: 1 }, service.workerId)
  return service.jobs.get(jobId) as FakeJob
}

async function trainerPids(): Promise<number[]> {
  const dir = join(scratch, '.trainers')
  const names = await readdir(dir).catch(() => [])
  return Promise.all(names.map(async (name) => JSON.parse(await readFile(join(dir, name), 'utf8')).trainer.pid))
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const isTraining = (job: FakeJob): Promise<void> => waitUntil(() => job.reports.some(({ progress }) => progress))

it('takes jobs off the queue, one after another, and reports them over HTTP', async () => {
  startWorker()
  const file: Action[] = [
    { write: { file: 'out/model.json', text: '{}' } },
    { say: { type: 'artifacts', kind: 'export', prefix: 'export', dir: 'out' } },
    DONE,
  ]
  const jobs = [await submit(file), await submit([DONE])]
  await waitUntil(() => jobs.every(({ outcomes }) => outcomes.length > 0))
  expect(jobs.map(({ outcomes }) => outcomes)).toMatchObject([[{ outcome: 'succeeded' }], [{ outcome: 'succeeded' }]])
  expect(jobs[0]?.artifacts).toMatchObject([{ kind: 'export', files: [{ path: 'export/model.json', size: 2 }] }])
  // the message is done a moment after the outcome is known
  await waitUntil(async () => Object.values(await producer.counts(service.workerId)).every((count) => count === 0))
})

it('hands its job back on SIGTERM, signs off and exits with 0', async () => {
  const worker = startWorker()
  const job = await submit(
    [ENDLESS],
    [
      { write: { file: 'last/state', text: 's' } },
      { say: { type: 'checkpoint', dir: 'last', stage: 'train', step: 3, metricSeq: 0 } },
      { say: { type: 'stopped' } },
    ],
  )
  await isTraining(job)
  const pids = await trainerPids()
  expect(await worker.end('SIGTERM')).toBe(0)
  expect(job.checkpoints).toMatchObject([{ step: 3 }])
  expect(job.outcomes).toMatchObject([{ outcome: 'handed-back' }])
  expect(service.calls.at(-1)).toBe('deregister')
  expect(pids.filter(isAlive)).toEqual([])
})

it('hands one job back when the API wants it, and goes on with the next', async () => {
  startWorker({ WORKER_MEMORY_GB: '3.5' })
  const job = await submit(
    [ENDLESS],
    [
      { write: { file: 'last/state', text: 's' } },
      { say: { type: 'checkpoint', dir: 'last', stage: 'train', step: 3, metricSeq: 0 } },
      { say: { type: 'stopped' } },
    ],
  )
  await isTraining(job)
  Object.assign(job, { order: 'hand-back', reason: 'worker w1 is drained' })
  await waitUntil(() => job.outcomes.length > 0)
  expect(job.outcomes).toEqual([{ outcome: 'handed-back', reason: 'worker w1 is drained' }])
  expect(job.checkpoints).toMatchObject([{ step: 3 }])
  const next = await submit([DONE])
  await waitUntil(() => next.outcomes.length > 0)
  expect(service.workers).toMatchObject([{ memoryGb: 3.5, features: ['hand-back'] }])
})

it('exits at once on a second signal', async () => {
  const worker = startWorker({ STOP_GRACE_SECONDS: '30' })
  const job = await submit([
    { say: { type: 'progress', progress: progress() } },
    { ignoreSignals: true },
    { sleep: 60_000 },
  ])
  await isTraining(job)
  const first = worker.end('SIGTERM')
  await waitUntil(() => worker.output().includes('draining'))
  void worker.end('SIGTERM')
  expect(await first).toBe(1)
})

it('leaves no trainer behind when it is killed with -9', async () => {
  const worker = startWorker({ SLOTS: '2' })
  const job = await submit([ENDLESS])
  await isTraining(job)
  const pids = await trainerPids()
  expect(pids).toHaveLength(2)
  await worker.end('SIGKILL')
  await waitUntil(() => !pids.some(isAlive), 2000)
})

it('cleans up after a worker that was killed while its trainer hung', async () => {
  const worker = startWorker()
  const job = await submit([{ say: { type: 'progress', progress: progress() } }, { spin: true }])
  await isTraining(job)
  const [pid] = await trainerPids()
  await worker.end('SIGKILL')
  expect(isAlive(pid as number)).toBe(true)
  const [left] = (await readdir(scratch)).filter((name) => !name.startsWith('.'))
  expect(left).toBeDefined()
  startWorker()
  await waitUntil(() => !isAlive(pid as number))
  await waitUntil(async () => (await readdir(join(scratch, left as string)).catch(() => [])).length === 0)
})

it('says what is wrong with its environment and exits with 1', async () => {
  const worker = startWorker({ API_URL: 'nowhere', SLOTS: '0' })
  expect((await worker.exited)[0]).toBe(1)
  expect(worker.output()).toMatch(/2 fault\(s\)[\s\S]*API_URL[\s\S]*SLOTS/)
})

it('exits with 1 and the reason when TensorFlow does not load', async () => {
  const worker = startWorker({ TF_SCRIPT_BROKEN: 'Run `npm run setup`.' })
  expect((await worker.exited)[0]).toBe(1)
  expect(worker.output()).toContain('Run `npm run setup`.')
})

function progress() {
  return { stage: 'train', stageIndex: 0, stageCount: 1, step: 1, steps: 2, epoch: 0, epochs: 1 }
}
