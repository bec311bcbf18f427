// What reaches a running attempt from outside: cancel, fencing, a lost lease, an API that comes and goes.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import { createFakeService, type FakeJob, FakeProblem } from './testing/fake-service.ts'
import { type Action, DONE, scriptedJob } from './testing/scripted-job.ts'
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

const STEPS: Action = { steps: { count: 10_000, everyMs: 10 } }
const STOPPED: Action = { say: { type: 'stopped' } }
const LAST_CHECKPOINT: Action[] = [
  { write: { file: 'last/state', text: 'state' } },
  { say: { type: 'checkpoint', dir: 'last', stage: 'train', step: 9, metricSeq: 0 } },
]
const metric = (seq: number): Action => ({
  say: { type: 'metrics', points: [{ seq, name: 'loss', stage: 'train', step: seq, epoch: 0, value: 1 }] },
})
const unreachable = (): never => {
  throw new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') })
}

/** A job that trains until something happens to it. */
async function startEndless(worker: TestWorker, onStop: Action[] = [STOPPED], before: Action[] = []) {
  const jobId = worker.service.addJob(scriptedJob({ run: [...before, STEPS], onStop }))
  const job = worker.service.jobs.get(jobId) as FakeJob
  const finished = worker.deliver(jobId, 1)
  await waitUntil(() => job.reports.some(({ progress }) => progress))
  return { job, finished }
}

it('cancels a running job with a last checkpoint, well within five seconds', async () => {
  const worker = await start()
  const { job, finished } = await startEndless(worker, [...LAST_CHECKPOINT, STOPPED])
  const asked = performance.now()
  job.order = 'cancel'
  await finished
  expect(performance.now() - asked).toBeLessThan(4000)
  expect(job.checkpoints).toMatchObject([{ step: 9, files: [{ path: 'state' }] }])
  expect(job.outcomes).toEqual([{ outcome: 'cancelled' }])
})

it('hands a job back that the API wants back: with a last checkpoint, its reason, and a slot for the next job', async () => {
  const worker = await start()
  const { job, finished } = await startEndless(worker, [...LAST_CHECKPOINT, STOPPED])
  job.reason = 'preempted by a job of higher priority'
  job.order = 'hand-back'
  await finished
  expect(job.checkpoints).toMatchObject([{ step: 9 }])
  expect(job.outcomes).toEqual([{ outcome: 'handed-back', reason: 'preempted by a job of higher priority' }])
  expect((await worker.run(scriptedJob({ run: [DONE] }))).outcomes).toMatchObject([{ outcome: 'succeeded' }])
  expect(worker.service.heartbeats.every(({ state }) => state === 'active')).toBe(true)
})

it('hands a job back within the grace when no checkpoint can be written', async () => {
  const worker = await start({ stopGraceMs: 300 })
  const jobId = worker.service.addJob(
    scriptedJob({ run: [...LAST_CHECKPOINT, metric(1), { ignoreSignals: true }, { sleep: 60_000 }] }),
  )
  const job = worker.service.jobs.get(jobId) as FakeJob
  const finished = worker.deliver(jobId, 1)
  await waitUntil(() => job.reports.length > 0)
  const asked = performance.now()
  job.order = 'hand-back'
  await finished
  expect(performance.now() - asked).toBeLessThan(4000)
  expect(job.checkpoints).toMatchObject([{ step: 9 }])
  expect(job.outcomes).toMatchObject([{ outcome: 'handed-back' }])
})

it('hands a job back although the store refuses its last checkpoint', async () => {
  const worker = await start({ uploadMs: 300 })
  const { job, finished } = await startEndless(worker, [...LAST_CHECKPOINT, STOPPED])
  worker.service.before = (call) => {
    if (call === 'putBlob') throw new FakeProblem(503, 'service.unavailable', 'the artifact store is down')
  }
  job.order = 'hand-back'
  await finished
  expect(job.checkpoints).toEqual([])
  expect(job.outcomes).toMatchObject([{ outcome: 'handed-back' }])
})

it('cancels a job that is cancelled while it is being handed back', async () => {
  const worker = await start()
  const { job, finished } = await startEndless(worker, [{ sleep: 500 }, STOPPED])
  job.order = 'hand-back'
  await sleep(250)
  job.order = 'cancel'
  await finished
  expect(job.outcomes).toEqual([{ outcome: 'cancelled' }])
})

it('goes on with a job when it does not know the order, and keeps its lease', async () => {
  const worker = await start()
  worker.service.leaseSeconds = 0.6
  const { job, finished } = await startEndless(await start({}, worker.service), [DONE])
  job.order = 'dance' as FakeJob['order']
  const steps = (): number => Math.max(...job.reports.map(({ progress }) => progress?.step ?? 0))
  const before = steps()
  await waitUntil(() => steps() > before + 100)
  job.order = 'cancel'
  await finished
  expect(job.outcomes).toMatchObject([{ outcome: 'succeeded' }])
})

it('cancels a trainer that does not listen by SIGTERM and SIGKILL', async () => {
  const worker = await start({ stopGraceMs: 300 })
  const jobId = worker.service.addJob(scriptedJob({ run: [metric(1), { ignoreSignals: true }, { sleep: 60_000 }] }))
  const job = worker.service.jobs.get(jobId) as FakeJob
  const finished = worker.deliver(jobId, 1)
  await waitUntil(() => job.reports.length > 0)
  job.order = 'cancel'
  await finished
  expect(job.outcomes).toEqual([{ outcome: 'cancelled' }])
})

it('kills an abandoned attempt at once and says nothing more about it', async () => {
  const worker = await start()
  const { job, finished } = await startEndless(worker)
  job.order = 'abandon'
  const reported = job.reports.length
  await finished
  expect(job.outcomes).toEqual([])
  expect(job.reports.length - reported).toBeLessThan(2)
  expect(await worker.scratchContent()).toEqual([])
})

it('abandons an attempt whose report is refused as stale', async () => {
  const worker = await start()
  const { job, finished } = await startEndless(worker)
  // the API that answers heartbeats has not noticed yet
  worker.service.api.heartbeat = async () => ({ jobs: [] })
  job.attempt = 2
  await finished
  expect(worker.service.calls).not.toContain('finish')
})

it('abandons its attempts when the lease has run out and the API does not answer', async () => {
  const worker = await start()
  worker.service.leaseSeconds = 0.8
  const { job, finished } = await startEndless(await start({}, worker.service))
  worker.service.before = unreachable
  const cut = performance.now()
  await finished
  expect(performance.now() - cut).toBeGreaterThan(500)
  expect(performance.now() - cut).toBeLessThan(5000)
  expect(job.outcomes).toEqual([])
  worker.service.before = () => {}
})

it('loses and repeats nothing when the API is away for less than the lease', async () => {
  const worker = await start()
  const points = Array.from({ length: 20 }, (_, index) => [metric(index + 1), { sleep: 60 }]).flat()
  const jobId = worker.service.addJob(scriptedJob({ run: [...points, DONE] }))
  const job = worker.service.jobs.get(jobId) as FakeJob
  const finished = worker.deliver(jobId, 1)
  await waitUntil(() => job.reports.length > 0)
  worker.service.before = unreachable
  await sleep(700)
  worker.service.before = () => {}
  await finished
  expect(job.reports.flatMap(({ metrics }) => metrics.map(({ seq }) => seq))).toEqual(
    points.flatMap((_, index) => (index % 2 ? [] : index / 2 + 1)),
  )
  expect(job.outcomes).toMatchObject([{ outcome: 'succeeded' }])
})

it('repeats a batch under its number when the answer was lost', async () => {
  const service = createFakeService()
  const { api } = service
  const report = api.report
  const sent: number[] = []
  let lost = 0
  api.report = async (ref, batch) => {
    sent.push(batch.batch)
    await report(ref, batch)
    if (lost++ === 0) unreachable()
  }
  const worker = await start({}, service)
  const job = await worker.run(scriptedJob({ run: [metric(1), DONE] }))
  expect(sent).toEqual([1, 1])
  expect(job.reports.map(({ metrics }) => metrics.length)).toEqual([1])
})

it('fails a job whose files the store refuses for too long, and keeps the attempt alive meanwhile', async () => {
  const worker = await start({ uploadMs: 600 })
  worker.service.before = (call) => {
    if (call === 'putBlob') throw new FakeProblem(503, 'service.unavailable', 'the artifact store is down')
  }
  const job = await worker.run(
    scriptedJob({
      run: [
        { write: { file: 'out/a', text: 'a' } },
        { say: { type: 'artifacts', kind: 'export', prefix: 'export', dir: 'out' } },
        DONE,
      ],
    }),
  )
  expect(job.outcomes).toEqual([
    { outcome: 'failed', code: 'worker.upload_failed', message: 'the artifact store is down' },
  ])
  expect(worker.service.heartbeats.some(({ jobs }) => jobs.length === 1)).toBe(true)
})

it('goes on training when only a checkpoint cannot be stored', async () => {
  const worker = await start({ uploadMs: 300 })
  worker.service.before = (call) => {
    if (call === 'putBlob') throw new FakeProblem(503, 'service.unavailable', 'the artifact store is down')
  }
  const job = await worker.run(scriptedJob({ run: [...LAST_CHECKPOINT, DONE] }))
  expect(JSON.stringify(job.reports)).toContain('The checkpoint at step 9 was not stored: the artifact store is down')
  expect(job.outcomes).toMatchObject([{ outcome: 'succeeded' }])
})

it('stores only the newest of the checkpoints that wait, in silence about the others', async () => {
  const worker = await start()
  const { api } = worker.service
  const putBlob = api.putBlob
  api.putBlob = async (...args) => {
    await sleep(1000)
    await putBlob(...args)
  }
  const checkpoint = (step: number): Action[] => [
    { write: { file: `c${step}/state`, text: `state ${step}` } },
    { say: { type: 'checkpoint', dir: `c${step}`, stage: 'train', step, metricSeq: 0 } },
  ]
  const job = await worker.run(
    scriptedJob({ run: [...checkpoint(1), { sleep: 200 }, ...[2, 3, 4].flatMap(checkpoint), DONE] }),
  )
  expect(job.checkpoints.map(({ step }) => step)).toEqual([1, 4])
  expect(job.reports.flatMap(({ logs }) => logs)).toEqual([])
})

it('drops a message whose attempt is not to be had', async () => {
  const worker = await start()
  const jobId = worker.service.addJob(scriptedJob({ run: [DONE] }))
  await worker.deliver(jobId, 7)
  expect(worker.service.jobs.get(jobId)?.outcomes).toEqual([])
  expect(worker.service.calls).not.toContain('finish')
})

it('claims as soon as the API is back, and gives up without harm after the lease time', async () => {
  const worker = await start()
  worker.service.leaseSeconds = 1
  const other = await start({}, worker.service)
  let refusals = 2
  worker.service.before = (call) => {
    if (call === 'claim' && refusals-- > 0) unreachable()
  }
  expect((await other.run(scriptedJob({ run: [DONE] }))).outcomes).toMatchObject([{ outcome: 'succeeded' }])
  refusals = Number.POSITIVE_INFINITY
  expect((await other.run(scriptedJob({ run: [DONE] }))).outcomes).toEqual([])
})

it('registers again, under the id that it had, when the API has forgotten it', async () => {
  const worker = await start()
  let forgotten = true
  worker.service.before = (call) => {
    if (call === 'heartbeat' && forgotten) {
      forgotten = false
      throw new FakeProblem(404, 'worker.not_found')
    }
  }
  await waitUntil(() => worker.service.workers.length === 2)
  const [first, again] = worker.service.workers
  expect(again).toEqual({ ...first, id: worker.service.workerId })
})

it('waits for an API that is not there yet', async () => {
  const { service } = await start()
  let refusals = 3
  service.before = (call) => {
    if (call === 'register' && refusals-- > 0) unreachable()
  }
  const late = await start({}, service)
  expect((await late.run(scriptedJob({ run: [DONE] }))).outcomes).toMatchObject([{ outcome: 'succeeded' }])
})
