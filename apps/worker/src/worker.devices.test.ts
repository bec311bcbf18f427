// Several devices in one worker: a slot each, threads shared, and GPUs that do not work, at the start or later.
import { afterEach, expect, it } from 'vitest'
import { type FakeJob, FakeProblem } from './testing/fake-service.ts'
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
  for (const name of ['TF_SCRIPT_GPUS', 'CUDA_VISIBLE_DEVICES']) delete process.env[name]
})

const STEPS: Action = { steps: { count: 10_000, everyMs: 10 } }
const CRASH: Action[] = [
  { stderr: 'F0000 CUDA_ERROR_ILLEGAL_ADDRESS: an illegal memory access was encountered' },
  { signal: 'SIGABRT' },
]

/** A machine with these GPUs, of which some work. */
function machine(all: string, working: string = all): void {
  process.env['CUDA_VISIBLE_DEVICES'] = all
  process.env['TF_SCRIPT_GPUS'] = working
}

const notesOf = ({ reports }: FakeJob): string[] =>
  reports.flatMap(({ events }) => events.flatMap(({ type, data }) => (type === 'note' ? [data.message] : [])))
const envOf = ({ reports }: FakeJob): Record<string, string> =>
  JSON.parse(reports.flatMap(({ logs }) => logs)[0]?.message ?? '{}')

/** As many jobs as there are slots, all running, with the environments of their trainers. */
async function runTogether(worker: TestWorker, count: number): Promise<FakeJob[]> {
  const ids = Array.from({ length: count }, () =>
    worker.service.addJob(scriptedJob({ run: [{ echoEnv: true }, STEPS], onStop: [DONE] })),
  )
  const jobs = ids.map((id) => worker.service.jobs.get(id) as FakeJob)
  const handled = ids.map((id) => worker.deliver(id, 1))
  await waitUntil(() => jobs.every(({ reports }) => reports.some(({ progress }) => progress)))
  for (const job of jobs) job.order = 'cancel'
  await Promise.all(handled)
  return jobs
}

it('runs one job per slot at the same time and shares the cores between them', async () => {
  const jobs = await runTogether(await start({ slots: 3, cores: 7 }), 3)
  expect(jobs.map(envOf)).toMatchObject(
    jobs.map(() => ({ TF_NUM_INTRAOP_THREADS: '2', OMP_NUM_THREADS: '2', CUDA_VISIBLE_DEVICES: '' })),
  )
  expect(jobs.flatMap(notesOf)).toEqual([])
})

it('gives each of the jobs that run at the same time a GPU of its own, and notes which', async () => {
  machine('0,3')
  const worker = await start({ slots: undefined, cores: 8, name: 'gpu-7' })
  expect(worker.service.workers).toMatchObject([
    { slots: 2, devices: [{ name: 'scripted-0' }, { name: 'scripted-3', memoryGb: 16 }, { kind: 'cpu' }] },
  ])
  const jobs = await runTogether(worker, 2)
  expect(jobs.map((job) => envOf(job)['CUDA_VISIBLE_DEVICES']).sort()).toEqual(['0', '3'])
  expect(jobs.flatMap(notesOf).sort()).toEqual([
    'Attempt 1 runs on GPU 0 (scripted-0, 16 GB) of worker gpu-7.',
    'Attempt 1 runs on GPU 3 (scripted-3, 16 GB) of worker gpu-7.',
  ])
})

it('names a GPU once that several slots share', async () => {
  machine('0')
  const { service } = await start({ slots: 2 })
  expect(service.workers).toMatchObject([{ slots: 2, devices: [{ kind: 'gpu' }, { kind: 'cpu' }] }])
})

it('leaves a GPU out that does not work when it starts, as long as another does', async () => {
  machine('0,1', '1')
  const worker = await start({ slots: undefined })
  expect(worker.service.workers).toMatchObject([{ slots: 1, devices: [{ name: 'scripted-1' }, { kind: 'cpu' }] }])
  const [job] = await runTogether(worker, 1)
  expect(job && envOf(job)['CUDA_VISIBLE_DEVICES']).toBe('1')
})

it('is a worker with a CPU when none of its GPUs works', async () => {
  machine('0,1', '')
  const { service } = await start({ slots: undefined })
  expect(service.workers).toMatchObject([{ slots: 2, devices: [{ kind: 'cpu' }] }])
})

it('tells the API how much memory there is, and that it can hand single jobs back', async () => {
  const { service } = await start({ memoryGb: 12.5 })
  expect(service.workers).toMatchObject([{ memoryGb: 12.5, features: ['hand-back'] }])
})

it('hands jobs that ask for a GPU back when its GPU is lost, then closes the slot and tells the API', async () => {
  machine('0,1')
  const worker = await start({ slots: undefined })
  const { service } = worker
  // memoryGb keeps the job from taking a trainer that was started while the GPU still worked
  const gpuJob = () => scriptedJob({ run: [DONE] }, { gpus: 1, memoryGb: 1 })
  process.env['TF_SCRIPT_GPUS'] = '1'
  const outcomes = []
  for (let n = 0; n < 4; n += 1) outcomes.push((await worker.run(gpuJob())).outcomes[0])
  const handedBack = outcomes.filter((outcome) => outcome?.outcome === 'handed-back')
  expect(handedBack).toHaveLength(2)
  expect(handedBack[0]).toMatchObject({ reason: expect.stringContaining('GPU 0 (scripted-0, 16 GB) was there when') })
  await waitUntil(() => service.workers.length === 2)
  expect(service.workers[1]).toMatchObject({
    id: service.workerId,
    slots: 1,
    devices: [{ name: 'scripted-1' }, { kind: 'cpu' }],
  })
  for (let n = 0; n < 2; n += 1) expect((await worker.run(gpuJob())).outcomes).toMatchObject([{ outcome: 'succeeded' }])
})

it('says so when a job that did not ask for a GPU has to do without the one of its slot', async () => {
  machine('0')
  const worker = await start({ slots: undefined })
  process.env['TF_SCRIPT_GPUS'] = ''
  const job = await worker.run(scriptedJob({ run: [DONE] }, { memoryGb: 1 }))
  expect(job.outcomes).toMatchObject([{ outcome: 'succeeded' }])
  expect(job.reports.flatMap(({ logs }) => logs)).toMatchObject([
    { level: 'warn', message: expect.stringMatching(/^Attempt 1 runs on the CPU of worker test-worker: GPU 0 /) },
  ])
})

it('closes a slot on which three jobs in a row ended with an error of CUDA, and one job alone does not close it', async () => {
  machine('0,1')
  const worker = await start({ slots: undefined })
  const { service } = worker
  let refusals = 1
  service.before = (call) => {
    if (call === 'register' && refusals-- > 0) throw new FakeProblem(503, 'service.unavailable')
  }
  const poison = service.addJob(scriptedJob({ run: CRASH }))
  for (let n = 0; n < 6; n += 1) await worker.deliver(poison, 1)
  expect(service.workers).toHaveLength(1)
  const jobs = Array.from({ length: 3 }, () => scriptedJob({ run: CRASH }))
  for (const job of jobs) expect((await worker.run(job)).outcomes).toMatchObject([{ code: 'trainer.crashed' }])
  // the API was away for a moment
  await waitUntil(() => service.workers.length === 2)
  expect(service.workers[1]).toMatchObject({ slots: 1 })
})

it('ends, so that it is started anew, when its last GPU is lost', async () => {
  machine('0')
  const worker = await startTestWorker({ slots: undefined })
  process.env['TF_SCRIPT_GPUS'] = ''
  for (let n = 0; n < 2; n += 1) await worker.run(scriptedJob({ run: [DONE] }, { gpus: 1, memoryGb: 1 }))
  await waitUntil(() => worker.service.calls.at(-1) === 'deregister')
  await expect(worker.drain()).rejects.toThrow(/^GPU 0 .* has failed too often, and no other slot is left$/)
})
