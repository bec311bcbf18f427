// How a worker starts and how it ends: warm trainers, graceful shutdown, and what is left behind (nothing).
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { createFakeService, type FakeJob } from './testing/fake-service.ts'
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
  for (const name of Object.keys(process.env)) if (name.startsWith('TF_SCRIPT_')) delete process.env[name]
})

const ENDLESS: Action = { steps: { count: 10_000, everyMs: 10 } }

/** Pids of the trainers that the worker has notes of. */
async function trainerPids(worker: TestWorker): Promise<number[]> {
  const dir = join(worker.scratchDir, '.trainers')
  const names = await readdir(dir).catch(() => [])
  const records = await Promise.all(names.map((name) => readFile(join(dir, name), 'utf8').catch(() => '')))
  return records.flatMap((text) => (text === '' ? [] : [JSON.parse(text).trainer.pid as number]))
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

it('introduces itself with the devices that its trainers have found', async () => {
  const { service } = await start({ slots: 2, name: 'gpu-7' })
  expect(service.workers).toMatchObject([{ name: 'gpu-7', slots: 2, devices: [{ kind: 'cpu', name: 'scripted' }] }])
})

it('does not start when a trainer cannot load TensorFlow, and passes its explanation on', async () => {
  process.env['TF_SCRIPT_BROKEN'] = 'The binding is not built. Run `npm run setup`.'
  await expect(startTestWorker()).rejects.toThrow('Run `npm run setup`')
})

it('refuses a trainer of another protocol version', async () => {
  process.env['TF_SCRIPT_VERSION'] = '99'
  await expect(startTestWorker()).rejects.toThrow(/version 99 of the protocol, this worker 1/)
})

it('gives a job the trainer that is warm, and warms another one for the next', async () => {
  const worker = await start()
  await waitUntil(async () => (await trainerPids(worker)).length === 1)
  const [warm] = await trainerPids(worker)
  const first = await worker.run(scriptedJob({ run: [{ echoEnv: true }, DONE] }))
  expect(first.outcomes).toMatchObject([{ outcome: 'succeeded' }])
  expect(isAlive(warm as number)).toBe(false)
  await waitUntil(async () => (await trainerPids(worker)).some((pid) => pid !== warm && isAlive(pid)))
})

it('replaces a warm trainer that has died', async () => {
  const worker = await start()
  await waitUntil(async () => (await trainerPids(worker)).length === 1)
  const [warm] = await trainerPids(worker)
  process.kill(warm as number, 'SIGKILL')
  await waitUntil(() => !isAlive(warm as number))
  expect((await worker.run(scriptedJob({ run: [DONE] }))).outcomes).toMatchObject([{ outcome: 'succeeded' }])
})

it('when it shuts down says so, hands its jobs back with a checkpoint, then signs off', async () => {
  const worker = await startTestWorker()
  const { service } = worker
  const onStop: Action[] = [
    { write: { file: 'last/state', text: 'state' } },
    { say: { type: 'checkpoint', dir: 'last', stage: 'train', step: 4, metricSeq: 0 } },
    { say: { type: 'stopped' } },
  ]
  const jobId = service.addJob(scriptedJob({ run: [ENDLESS], onStop }))
  const job = service.jobs.get(jobId) as FakeJob
  const finished = worker.deliver(jobId, 1)
  await waitUntil(() => job.reports.length > 0)
  let told = false
  service.before = (call) => {
    if (call === 'finish') told = service.heartbeats.some(({ state }) => state === 'draining')
  }
  await worker.drain()
  await finished
  expect(told).toBe(true)
  expect(job.checkpoints).toMatchObject([{ step: 4 }])
  expect(job.outcomes).toEqual([{ outcome: 'handed-back', reason: 'the worker is shutting down' }])
  expect(service.calls.indexOf('finish')).toBeLessThan(service.calls.indexOf('deregister'))
})

it('lets a job that finishes while it drains be finished', async () => {
  const worker = await startTestWorker()
  const { service } = worker
  const jobId = service.addJob(scriptedJob({ run: [ENDLESS], onStop: [DONE] }))
  const job = service.jobs.get(jobId) as FakeJob
  const finished = worker.deliver(jobId, 1)
  await waitUntil(() => job.reports.length > 0)
  await worker.drain()
  await finished
  expect(job.outcomes).toMatchObject([{ outcome: 'succeeded' }])
})

it('leaves no trainer behind when it shuts down', async () => {
  const worker = await startTestWorker({ slots: 2 })
  await waitUntil(async () => (await trainerPids(worker)).length === 2)
  const pids = await trainerPids(worker)
  await worker.drain()
  expect(pids.filter(isAlive)).toEqual([])
})

it('can be stopped while it waits for the API', async () => {
  const service = createFakeService()
  service.before = () => {
    throw new TypeError('fetch failed')
  }
  const stopped = new AbortController()
  const starting = startTestWorker({}, service, stopped)
  await waitUntil(() => service.calls.length > 0)
  stopped.abort()
  await expect(starting).rejects.toThrow('aborted')
})
