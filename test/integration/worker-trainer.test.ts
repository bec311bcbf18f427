// Worker and trainer together, as they are built, on a real job: everything but the API is real.
import { spawn } from 'node:child_process'
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createLogger } from '@stillhouse/kit'
import { createQueueProducer } from '@stillhouse/queue'
import { type JobSpec, parseJobSpec } from '@stillhouse/spec'
import { startPostgres } from '@stillhouse/testkit'
import { afterEach, expect, it } from 'vitest'
import { createFakeService, type FakeJob } from '../../apps/worker/src/testing/fake-service.ts'
import { FAKE_TOKEN, serveFakeService } from '../../apps/worker/src/testing/serve-fake-service.ts'
import { waitUntil } from '../../apps/worker/src/testing/wait-until.ts'

const WORKER = fileURLToPath(new URL('../../apps/worker/dist/main.js', import.meta.url))

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

function distillation(name: string): JobSpec {
  const parsed = parseJobSpec({
    name,
    data: { name: 'optdigits' },
    teacher: { model: 'mlp', params: { hidden: [32] }, train: { steps: 40, batchSize: 64 } },
    student: { model: 'mlp', params: { hidden: [8] } },
    method: { name: 'kd' },
    train: { steps: 300, batchSize: 32, checkpointSeconds: 0.2 },
    evaluate: { latencyRuns: 0 },
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults))
  return parsed.spec
}

it('trains a student, keeps its teacher, and uses that teacher again in the next job', async () => {
  const service = createFakeService()
  const api = await serveFakeService(service)
  ends.push(api.close)
  const postgres = await startPostgres()
  ends.push(postgres.stop)
  const database = await postgres.createDatabase()
  const producer = await createQueueProducer(database.url, { logger: createLogger('test', 'silent') })
  ends.push(producer.close)
  const scratch = await mkdtemp(join(tmpdir(), 'stillhouse-worker-trainer-'))
  ends.push(() => rm(scratch, { recursive: true, force: true }))
  const worker = spawn(process.execPath, [WORKER], {
    env: {
      PATH: process.env['PATH'],
      API_URL: api.url,
      WORKER_TOKEN: FAKE_TOKEN,
      QUEUE_URL: database.url,
      SCRATCH_DIR: scratch,
    },
    stdio: 'ignore',
  })
  const exited = once(worker, 'exit')
  ends.push(() => {
    worker.kill('SIGKILL')
    return exited
  })

  const run = async (name: string): Promise<FakeJob> => {
    const jobId = service.addJob(distillation(name))
    await producer.add({ jobId, attempt: 1 }, service.workerId)
    const job = service.jobs.get(jobId) as FakeJob
    await waitUntil(() => job.outcomes.length > 0, 40_000)
    return job
  }
  const [first, second] = [await run('first'), await run('second')]
  for (const job of [first, second]) {
    const [outcome] = job.outcomes
    expect(outcome).toMatchObject({ outcome: 'succeeded', metrics: { accuracy: expect.any(Number) } })
    const numbers = job.reports.flatMap(({ metrics }) => metrics.map(({ seq }) => seq))
    expect(numbers).toEqual(numbers.map((_, index) => index + 1))
    expect(outcome).toMatchObject({ metricSeq: numbers.length })
    expect(job.reports.map(({ batch }) => batch)).toEqual(job.reports.map((_, index) => index + 1))
    expect(job.checkpoints.length).toBeGreaterThan(0)
    const files = job.artifacts.flatMap((report) => report.files)
    expect(files.map(({ path }) => path)).toContain('export/tfjs-layers/model.json')
    for (const { sha256 } of [...files, ...job.checkpoints.flatMap((checkpoint) => checkpoint.files)])
      expect(hash('sha256', service.blobs.get(sha256) ?? '')).toBe(sha256)
  }
  expect(service.teachers.size).toBe(1)
  expect(service.calls.filter((call) => call === 'saveTeacher')).toHaveLength(1)
  const weights = (job: FakeJob) =>
    job.artifacts.flatMap(({ files }) => files).find(({ path }) => path.endsWith('.bin'))
  expect(weights(first)?.sha256).toBe(weights(second)?.sha256)

  worker.kill('SIGTERM')
  expect((await exited)[0]).toBe(0)
  expect((await readdir(scratch)).filter((entry) => !entry.startsWith('.'))).toEqual([])
}, 60_000)
