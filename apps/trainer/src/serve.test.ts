// The trainer's life with TensorFlow and the engine replaced: what it says, in which order, and its exit code.
import { EventEmitter } from 'node:events'
import { type JobEvent, type RunRequest, type Shelves, type Tf, TrainingError } from '@stillhouse/engine'
import { IPC_VERSION, type TrainerToWorker } from '@stillhouse/spec'
import { expect, it } from 'vitest'
import { BackendError } from './backend.ts'
import type { IpcProcess } from './channel.ts'
import { serve, type Trainer } from './serve.ts'

class FakeIpc extends EventEmitter implements IpcProcess {
  readonly sent: TrainerToWorker[] = []
  readonly send: NonNullable<IpcProcess['send']> = (message, _handle, _options, callback) => {
    this.sent.push(message as TrainerToWorker)
    setImmediate(callback, null)
    return true
  }
  say(message: object, version: number = IPC_VERSION): void {
    this.emit('message', { ...message, version })
  }
}

const START = {
  type: 'start',
  spec: { resources: { gpus: 0 } },
  scratch: '/scratch',
  checkpoint: null,
  dataFolders: { data: '/cache/1/files' },
  dataRoots: ['/data'],
  cacheDir: '/teachers',
  cacheBytes: 1,
}
const DONE: JobEvent = { type: 'done', metrics: {}, metricSeq: 0 }
const backend = { tf: { version: { tfjs: '4.22.0' } } as Tf, tensorflow: '2.21.0', usesGpu: false }

function start(runJob: Trainer['runJob'], loadBackend: Trainer['loadBackend'] = () => backend) {
  const ipc = new FakeIpc()
  const stop = new AbortController()
  const exitCode = serve({ ipc, loadBackend, runJob, shelves: {} as Shelves, stop })
  return { ipc, stop, exitCode, types: () => ipc.sent.map(({ type }) => type) }
}

async function* failing(error: unknown): AsyncGenerator<JobEvent> {
  yield { type: 'note', message: 'begun' }
  throw error
}

it('says that it is ready, runs the job, and exits with 0', async () => {
  const requests: RunRequest[] = []
  const { ipc, exitCode, types } = start(async function* (request) {
    requests.push(request)
    yield { type: 'note', message: 'hello' }
    yield DONE
  })
  ipc.say(START)
  expect(await exitCode).toBe(0)
  expect(types()).toEqual(['ready', 'note', 'done'])
  expect(ipc.sent[0]).toMatchObject({ versions: { tensorflow: '2.21.0', tfjs: '4.22.0', cuda: false } })
  expect(ipc.sent.every(({ version }) => version === IPC_VERSION)).toBe(true)
  expect(requests).toMatchObject([
    {
      scratch: '/scratch',
      checkpoint: null,
      dataFolders: START.dataFolders,
      dataRoots: ['/data'],
      cacheDir: '/teachers',
      tf: backend.tf,
    },
  ])
})

it('passes a stop on to the job as an aborted signal', async () => {
  const { ipc, exitCode, types } = start(async function* ({ signal }) {
    ipc.say({ type: 'stop' })
    yield signal.aborted ? { type: 'stopped' } : { type: 'note', message: 'not aborted' }
  })
  ipc.say(START)
  expect(await exitCode).toBe(0)
  expect(types()).toEqual(['ready', 'stopped'])
})

it('exits quietly when it is stopped before it got a job', async () => {
  const { ipc, exitCode, types } = start(() => expect.unreachable())
  ipc.say({ type: 'stop' })
  expect(await exitCode).toBe(0)
  expect(types()).toEqual(['ready'])
})

it('matches the answers of the worker to its questions', async () => {
  const { ipc, exitCode } = start(async function* ({ fetchModel }) {
    const asked = [fetchModel({ upload: 'a' }), fetchModel({ job: 'b' })]
    setImmediate(() => {
      ipc.say({ type: 'fetched', id: 2, dir: null, metrics: {} })
      ipc.say({ type: 'fetched', id: 1, dir: '/models/1', metrics: { accuracy: 1 } })
    })
    const [upload, job] = await Promise.all(asked)
    yield { type: 'note', message: JSON.stringify({ upload, job }) }
  })
  ipc.say(START)
  await exitCode
  expect(ipc.sent.slice(1, 3)).toMatchObject([
    { type: 'fetch', id: 1, reference: { upload: 'a' } },
    { type: 'fetch', id: 2, reference: { job: 'b' } },
  ])
  expect(ipc.sent.at(-1)).toMatchObject({
    message: '{"upload":{"dir":"/models/1","metrics":{"accuracy":1}},"job":null}',
  })
})

it('reports a foreseen error by its code and exits with 1', async () => {
  const { ipc, exitCode, types } = start(() => failing(new TrainingError('training.diverged', 'NaN at step 3')))
  ipc.say(START)
  expect(await exitCode).toBe(1)
  expect(types()).toEqual(['ready', 'note', 'failed'])
  expect(ipc.sent.at(-1)).toMatchObject({ code: 'training.diverged', message: 'NaN at step 3' })
})

it('puts the stack of an unforeseen error into the log', async () => {
  const { ipc, exitCode, types } = start(() => failing(new TypeError('x is not a function')))
  ipc.say(START)
  expect(await exitCode).toBe(1)
  expect(types()).toEqual(['ready', 'note', 'log', 'failed'])
  expect(ipc.sent.at(-2)).toMatchObject({ level: 'error', message: expect.stringContaining('serve.test.ts') })
  expect(ipc.sent.at(-1)).toMatchObject({ code: 'trainer.error' })
})

it('exits with 137 when it ran out of memory', async () => {
  const { ipc, exitCode } = start(() => failing(new RangeError('Array buffer allocation failed')))
  ipc.say(START)
  expect(await exitCode).toBe(137)
  expect(ipc.sent.at(-1)).toMatchObject({ code: 'resource.out_of_memory' })
})

it('says why TensorFlow does not load', async () => {
  const { exitCode, ipc } = start(
    () => expect.unreachable(),
    () => {
      throw new BackendError('The binding is not built. Run `npm run setup`.')
    },
  )
  expect(await exitCode).toBe(1)
  expect(ipc.sent.slice(-1)).toMatchObject([
    { type: 'failed', code: 'trainer.error', message: expect.stringContaining('npm run setup') },
  ])
})

it('refuses a worker of another protocol version', async () => {
  const { ipc, exitCode } = start(() => expect.unreachable())
  ipc.say(START, IPC_VERSION + 1)
  expect(await exitCode).toBe(1)
  expect(ipc.sent.at(-1)).toMatchObject({ type: 'failed', message: expect.stringContaining('Deploy both together') })
})

it('refuses a job that needs a GPU where there is none', async () => {
  const { ipc, exitCode } = start(() => expect.unreachable())
  process.env['CUDA_VISIBLE_DEVICES'] = ''
  ipc.say({ ...START, spec: { resources: { gpus: 1 } } })
  expect(await exitCode).toBe(1)
  delete process.env['CUDA_VISIBLE_DEVICES']
  expect(ipc.sent.at(-1)).toMatchObject({ code: 'resource.no_gpu' })
})
