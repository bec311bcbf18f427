// Whole attempts with a scripted trainer and an API in memory: what reaches the API, in every way that a job can go.
import { afterEach, describe, expect, it } from 'vitest'
import type { Settings } from './settings.ts'
import { type FakeJob, FakeProblem } from './testing/fake-service.ts'
import { type Action, DONE, scriptedJob } from './testing/scripted-job.ts'
import { startTestWorker, type TestWorker } from './testing/start-test-worker.ts'

const workers: TestWorker[] = []
const start = async (...args: Parameters<typeof startTestWorker>): Promise<TestWorker> => {
  const worker = await startTestWorker(...args)
  workers.push(worker)
  return worker
}
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.drain()))
})

const say = (message: Extract<Action, { say: unknown }>['say']): Action => ({ say: message })
const point = (seq: number) => ({ seq, name: 'loss', stage: 'train', step: seq, epoch: 0, value: 1 / seq })
const logsOf = (job: FakeJob): string[] => job.reports.flatMap(({ logs }) => logs.map(({ message }) => message))
const runScript = async (run: Action[], settings: Partial<Settings> = {}): Promise<FakeJob> =>
  (await start(settings)).run(scriptedJob({ run }))

describe('a job that goes well', () => {
  it('is reported with its metrics, events and logs in order, and then as succeeded', async () => {
    const job = await runScript([
      say({ type: 'metrics', points: [point(1), point(2)] }),
      say({ type: 'log', level: 'info', message: 'first' }),
      say({ type: 'note', message: 'a teacher was reused' }),
      say({ type: 'eval', stage: 'train', step: 2, metrics: { accuracy: 0.5 } }),
      say({ type: 'metrics', points: [point(3)] }),
      DONE,
    ])
    expect(job.reports.flatMap(({ metrics }) => metrics.map(({ seq }) => seq))).toEqual([1, 2, 3])
    expect(job.reports.map(({ batch }) => batch)).toEqual(job.reports.map((_, index) => index + 1))
    expect(logsOf(job)).toEqual(['first'])
    expect(job.reports.flatMap(({ events }) => events.map(({ type }) => type))).toEqual(['note', 'eval'])
    expect(job.outcomes).toEqual([{ outcome: 'succeeded', metrics: { accuracy: 0.9 }, metricSeq: 1 }])
  })

  it('has its files stored by content before they are announced', async () => {
    const worker = await start()
    const job = await worker.run(
      scriptedJob({
        run: [
          { write: { file: 'out/model.json', text: '{"a":1}' } },
          { write: { file: 'out/shards/weights.bin', text: 'bytes' } },
          say({ type: 'artifacts', kind: 'export', prefix: 'export/tfjs-layers', dir: 'out' }),
          DONE,
        ],
      }),
    )
    const [model, weights] = job.artifacts[0]?.files ?? []
    expect(model).toMatchObject({ path: 'export/tfjs-layers/model.json', size: 7, contentType: 'application/json' })
    expect(weights).toMatchObject({
      path: 'export/tfjs-layers/shards/weights.bin',
      contentType: 'application/octet-stream',
    })
    expect(worker.service.blobs.get(model?.sha256 ?? '')?.toString()).toBe('{"a":1}')
    expect(worker.service.calls.filter((call) => !['heartbeat', 'report'].includes(call))).toEqual([
      'register',
      'claim',
      'hasBlob',
      'putBlob',
      'hasBlob',
      'putBlob',
      'saveArtifacts',
      'finish',
    ])
  })

  it('does not send a file that the store has already', async () => {
    const worker = await start()
    worker.service.store('known')
    await worker.run(
      scriptedJob({
        run: [
          { write: { file: 'out/known.txt', text: 'known' } },
          say({ type: 'artifacts', kind: 'report', prefix: 'report', dir: 'out' }),
          DONE,
        ],
      }),
    )
    expect(worker.service.calls).not.toContain('putBlob')
  })

  it('has metrics acknowledged before the checkpoint that counts on them', async () => {
    const worker = await start()
    await worker.run(
      scriptedJob({
        run: [
          { write: { file: 'c1/state.json', text: 'one' } },
          say({ type: 'metrics', points: [point(1)] }),
          say({ type: 'checkpoint', dir: 'c1', stage: 'train', step: 1, metricSeq: 1 }),
          DONE,
        ],
      }),
    )
    const { calls } = worker.service
    expect(calls.indexOf('report')).toBeGreaterThan(0)
    expect(calls.indexOf('report')).toBeLessThan(calls.indexOf('saveCheckpoint'))
  })

  it('leaves nothing in the scratch folder', async () => {
    const worker = await start()
    await worker.run(scriptedJob({ run: [{ write: { file: 'x', text: 'y' } }, DONE] }))
    expect(await worker.scratchContent()).toEqual([])
  })

  it('runs in an environment without secrets, with its share of the cores', async () => {
    process.env['WORKER_TOKEN'] = 'secret'
    process.env['LD_LIBRARY_PATH'] = '/lib'
    const job = await runScript([{ echoEnv: true }, DONE], { cores: 8, slots: 2 })
    const env = JSON.parse(logsOf(job)[0] ?? '{}')
    expect(env).toMatchObject({
      TF_NUM_INTRAOP_THREADS: '4',
      TF_NUM_INTEROP_THREADS: '4',
      CUDA_VISIBLE_DEVICES: '',
      LD_LIBRARY_PATH: '/lib',
    })
    expect(env).not.toHaveProperty('WORKER_TOKEN')
    expect(Object.keys(env).filter((name) => /URL|KEY|SECRET|VITEST/.test(name))).toEqual([])
  })
})

describe('models and checkpoints', () => {
  it('gives a trainer the teacher it asks for, with its metrics, and null for one that nobody has', async () => {
    const worker = await start()
    const sha256 = worker.service.store('weights')
    const file = { path: 'model.json', sha256, size: 7, contentType: 'application/json' }
    worker.service.teachers.set('a'.repeat(64), { key: 'a'.repeat(64), files: [file], metrics: { accuracy: 0.99 } })
    const run: Action[] = [
      { fetch: { id: 1, reference: { teacherKey: 'a'.repeat(64) } } },
      { fetch: { id: 2, reference: { upload: 'b'.repeat(64) } } },
      { fetch: { id: 3, reference: { job: '00000000-0000-4000-8000-000000000000' } } },
      DONE,
    ]
    const teachers = [
      { from: { upload: 'b'.repeat(64) }, weight: 1 },
      { from: { job: '00000000-0000-4000-8000-000000000000' }, weight: 1 },
    ]
    const job = await worker.run(scriptedJob({ run }, {}, { teachers }))
    const [found, missing, unfinished] = logsOf(job).map((line) => JSON.parse(line))
    expect(found).toMatchObject({ id: 1, dir: expect.stringMatching(/models.1$/), metrics: { accuracy: 0.99 } })
    expect(missing).toMatchObject({ id: 2, dir: null })
    expect(unfinished).toMatchObject({ id: 3, dir: null })
  })

  it('keeps a trained teacher under its key', async () => {
    const worker = await start()
    const key = 'c'.repeat(64)
    await worker.run(
      scriptedJob({
        run: [
          { write: { file: 't/model.json', text: 'teacher' } },
          say({ type: 'teacher', key, dir: 't', metrics: { accuracy: 0.98 } }),
          DONE,
        ],
      }),
    )
    expect(worker.service.teachers.get(key)).toMatchObject({
      metrics: { accuracy: 0.98 },
      files: [{ path: 'model.json' }],
    })
  })

  it('starts a trainer from the newest checkpoint', async () => {
    const worker = await start()
    const sha256 = worker.service.store('state')
    const files = [{ path: 'a/state.json', sha256, size: 5, contentType: 'application/json' }]
    const job = await worker.run(scriptedJob({ run: [{ echoStart: true }, DONE] }), {
      stage: 'train',
      step: 7,
      metricSeq: 3,
      files,
    })
    const { checkpoint, scratch, attempt } = JSON.parse(logsOf(job)[0] ?? '{}')
    expect(checkpoint).toMatch(/attempt-1.checkpoint$/)
    expect(scratch).toMatch(/attempt-1.work$/)
    expect(attempt).toBe(1)
  })

  it('starts over, and says so, when the checkpoint is damaged', async () => {
    const worker = await start()
    worker.service.blobs.set('d'.repeat(64), Buffer.from('other bytes'))
    const files = [{ path: 'state.json', sha256: 'd'.repeat(64), size: 5, contentType: 'application/json' }]
    const job = await worker.run(scriptedJob({ run: [{ echoStart: true }, DONE] }), {
      stage: 'train',
      step: 7,
      metricSeq: 3,
      files,
    })
    expect(JSON.parse(logsOf(job)[0] ?? '{}')).toMatchObject({ checkpoint: null })
    expect(JSON.stringify(job.reports)).toContain('The checkpoint of step 7 cannot be used, so the job starts over')
    expect(job.outcomes).toMatchObject([{ outcome: 'succeeded' }])
  })

  it('takes the checkpoint before a damaged one, and says so', async () => {
    const worker = await start()
    worker.service.blobs.set('d'.repeat(64), Buffer.from('other bytes'))
    const stored = (step: number, sha256: string) => ({
      stage: 'train',
      step,
      metricSeq: step,
      files: [{ path: `${step}/state.json`, sha256, size: 5, contentType: 'application/json' }],
    })
    const spec = scriptedJob({ run: [{ echoStart: true }, DONE] })
    const job = await worker.run(spec, stored(7, 'd'.repeat(64)), stored(5, worker.service.store('state')))
    expect(JSON.parse(logsOf(job)[0] ?? '{}').checkpoint).toMatch(/attempt-1.checkpoint$/)
    expect(JSON.stringify(job.reports)).toContain('step 7 cannot be used, so the one before is taken')
    expect(job.outcomes).toMatchObject([{ outcome: 'succeeded' }])
  })
})

describe('a trainer that fails', () => {
  it.each<[string, Action[], string, RegExp]>([
    ['says why', [say({ type: 'failed', code: 'data.invalid', message: 'cut off' })], 'data.invalid', /^cut off$/],
    [
      'exits without a word',
      [{ stderr: 'the last words' }, { exit: 3 }],
      'trainer.crashed',
      /exit code 3[\s\S]*the last words/,
    ],
    ['dies of a native crash', [{ signal: 'SIGSEGV' }], 'trainer.crashed', /SIGSEGV/],
    ['is killed from outside', [{ signal: 'SIGKILL' }], 'trainer.crashed', /SIGKILL/],
    ['exits for want of memory', [{ exit: 137 }], 'resource.out_of_memory', /137/],
    [
      'aborts in an allocation',
      [{ stderr: 'what():  std::bad_alloc' }, { signal: 'SIGABRT' }],
      'resource.out_of_memory',
      /bad_alloc/,
    ],
  ])('and %s gets the failure code for it', async (_, run, code, message) => {
    const job = await runScript(run)
    expect(job.outcomes).toEqual([{ outcome: 'failed', code, message: expect.stringMatching(message) }])
  })

  it('keeps what it said before', async () => {
    const job = await runScript([say({ type: 'metrics', points: [point(1)] }), { exit: 1 }])
    expect(job.reports.flatMap(({ metrics }) => metrics)).toEqual([point(1)])
  })

  it('has done its job if it crashes only after it said so', async () => {
    const job = await runScript([DONE, { signal: 'SIGSEGV' }])
    expect(job.outcomes).toMatchObject([{ outcome: 'succeeded' }])
  })

  it('and falls silent is killed by the watchdog', async () => {
    const job = await runScript([{ ignoreSignals: true }, { spin: true }], { watchdogMs: 600 })
    expect(job.outcomes).toMatchObject([{ outcome: 'failed', code: 'training.stuck' }])
  })

  it('is not silent while it waits for a file', async () => {
    const worker = await start({ watchdogMs: 600, uploadMs: 20_000 })
    let refusals = 4
    worker.service.before = (call) => {
      if (call === 'getTeacher' && refusals-- > 0) throw new FakeProblem(503, 'service.unavailable')
    }
    const job = await worker.run(
      scriptedJob({ run: [{ fetch: { id: 1, reference: { teacherKey: 'e'.repeat(64) } } }, DONE] }),
    )
    expect(refusals).toBeLessThan(1)
    expect(job.outcomes).toMatchObject([{ outcome: 'succeeded' }])
  })

  it('and outgrows its memory limit is killed', async () => {
    const worker = await start()
    const job = await worker.run(scriptedJob({ run: [{ grow: 700 }] }, { memoryGb: 0.5 }))
    expect(job.outcomes).toMatchObject([
      { code: 'resource.out_of_memory', message: expect.stringMatching(/limit is 0.50 GB/) },
    ])
  })

  it('and runs into its time limit is stopped with a last checkpoint', async () => {
    const worker = await start()
    const job = await worker.run(
      scriptedJob(
        {
          run: [{ steps: { count: 1000, everyMs: 20 } }],
          onStop: [
            { write: { file: 'last/state', text: 's' } },
            say({ type: 'checkpoint', dir: 'last', stage: 'train', step: 5, metricSeq: 0 }),
            say({ type: 'stopped' }),
          ],
        },
        { timeoutMinutes: 0.01 },
      ),
    )
    expect(job.checkpoints).toMatchObject([{ step: 5 }])
    expect(job.outcomes).toMatchObject([{ outcome: 'failed', code: 'job.timeout' }])
  })
})
