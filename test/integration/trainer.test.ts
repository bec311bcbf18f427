// The built trainer with native TensorFlow, forked as a worker forks it: real jobs, real messages, real ends.
import { type ChildProcess, execFile, fork, spawn } from 'node:child_process'
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { IPC_VERSION, type JobSpec, parseJobSpec, type TrainerToWorker, type TrainerVersions } from '@stillhouse/spec'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { waitUntil } from '../../apps/worker/src/testing/wait-until.ts'

const TRAINER = fileURLToPath(new URL('../../apps/trainer/dist/main.js', import.meta.url))
const WATCH_PARENT = new URL('../../apps/trainer/dist/watch-parent.js', import.meta.url).href
const execute = promisify(execFile)

const forked: ChildProcess[] = []
let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'stillhouse-trainer-it-'))
})
afterEach(async () => {
  for (const child of forked.splice(0)) child.kill('SIGKILL')
  await rm(dir, { recursive: true, force: true })
})

/** A distillation of a few seconds on data that ships with the repository. */
function tinyJob(more: Record<string, unknown> = {}): JobSpec {
  const parsed = parseJobSpec({
    name: 'tiny',
    data: { name: 'optdigits' },
    teacher: { model: 'mlp', params: { hidden: [32] }, train: { steps: 20, batchSize: 64 } },
    student: { model: 'mlp', params: { hidden: [8] } },
    method: { name: 'kd' },
    train: { steps: 400, batchSize: 32, seed: 3, checkpointSeconds: 3600 },
    evaluate: { everyEpochs: 0, latencyRuns: 0 },
    ...more,
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults))
  return parsed.spec
}

interface Run {
  readonly child: ChildProcess
  readonly messages: TrainerToWorker[]
  readonly ended: Promise<[code: number | null, signal: string | null]>
  send(message: object): void
}

function forkTrainer(env: NodeJS.ProcessEnv = {}): Run {
  const child = fork(TRAINER, [], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], CUDA_VISIBLE_DEVICES: '', ...env },
    execArgv: [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  forked.push(child)
  const messages: TrainerToWorker[] = []
  child.on('message', (message) => messages.push(message as TrainerToWorker))
  const send: Run['send'] = (message) => void child.send({ ...message, version: IPC_VERSION })
  return { child, messages, send, ended: once(child, 'close') as Run['ended'] }
}

/** Starts the job, answers every question for a model with "there is none". */
async function startJob(run: Run, spec: JobSpec, name: string, checkpoint: string | null = null): Promise<string> {
  const scratch = join(dir, name)
  await mkdir(scratch)
  run.child.on('message', (raw) => {
    const message = raw as TrainerToWorker
    if (message.type === 'fetch') run.send({ type: 'fetched', id: message.id, dir: null, metrics: {} })
  })
  const folders = {
    scratch,
    checkpoint,
    dataFolders: {},
    dataRoots: [],
    cacheDir: join(scratch, 'cache'),
    cacheBytes: 1e9,
  }
  run.send({ type: 'start', jobId: 'j', attempt: 1, spec, ...folders })
  return scratch
}

function saidOf<T extends TrainerToWorker['type']>(
  { messages }: Run,
  type: T,
): Extract<TrainerToWorker, { type: T }>[] {
  return messages.filter((message): message is Extract<TrainerToWorker, { type: T }> => message.type === type)
}

/** sha256 of every exported file, by name. */
async function exportDigests(run: Run): Promise<Record<string, string>> {
  const folder = saidOf(run, 'artifacts').find(({ kind }) => kind === 'export')?.dir ?? ''
  const digest = async (name: string): Promise<[string, string]> => [
    name,
    hash('sha256', await readFile(join(folder, name))),
  ]
  return Object.fromEntries(await Promise.all((await readdir(folder)).sort().map(digest)))
}

const metricLines = (run: Run): string[] =>
  saidOf(run, 'metrics').flatMap(({ points }) =>
    points.map(({ seq, name, stage, step, value }) => `${seq} ${name} ${stage} ${step} ${value}`),
  )

describe('a job in the trainer', () => {
  it('ends with done, and gives the same model and metrics after it was stopped and resumed', async () => {
    const whole = forkTrainer()
    await startJob(whole, tinyJob(), 'whole')
    expect((await whole.ended)[0]).toBe(0)
    expect(whole.messages.at(0)).toMatchObject({ type: 'ready', versions: { cuda: false } })
    expect(whole.messages.at(-1)).toMatchObject({ type: 'done', metrics: { accuracy: expect.any(Number) } })
    expect(saidOf(whole, 'teacher')).toHaveLength(1)
    const expected = await exportDigests(whole)
    expect(Object.keys(expected)).toContain('model.json')

    const first = forkTrainer()
    await startJob(first, tinyJob(), 'first')
    await waitUntil(
      () => saidOf(first, 'progress').some(({ progress }) => progress.stage === 'train' || progress.stageIndex > 0),
      20_000,
    )
    first.send({ type: 'stop' })
    expect((await first.ended)[0]).toBe(0)
    expect(first.messages.at(-1)).toMatchObject({ type: 'stopped' })
    const last = saidOf(first, 'checkpoint').at(-1)
    expect(last).toBeDefined()

    const second = forkTrainer()
    await cp(last?.dir ?? '', join(dir, 'resume'), { recursive: true })
    await startJob(second, tinyJob(), 'second', join(dir, 'resume'))
    expect((await second.ended)[0]).toBe(0)
    expect(await exportDigests(second)).toEqual(expected)
    const kept = metricLines(first).filter((line) => Number(line.split(' ')[0]) <= (last?.metricSeq ?? 0))
    expect([...kept, ...metricLines(second)]).toEqual(metricLines(whole))
  }, 60_000)

  it('fails with the code and place of a spec that this build cannot run', async () => {
    const run = forkTrainer()
    await startJob(run, { ...tinyJob(), student: { model: 'not-built' } }, 'rejected')
    expect((await run.ended)[0]).toBe(1)
    expect(run.messages.at(-1)).toMatchObject({
      type: 'failed',
      code: 'spec.rejected',
      message: expect.stringContaining('not-built'),
    })
  }, 30_000)

  it('does not run on the CPU when it asks for a GPU', async () => {
    const run = forkTrainer()
    await startJob(run, tinyJob({ resources: { gpus: 1 } }), 'gpu')
    expect((await run.ended)[0]).toBe(1)
    expect(run.messages.at(-1)).toMatchObject({
      type: 'failed',
      code: 'resource.no_gpu',
      message: expect.stringContaining('No device'),
    })
  }, 30_000)

  it('stops with a checkpoint on SIGTERM, and does not heed SIGINT', async () => {
    const run = forkTrainer()
    await startJob(run, tinyJob({ train: { steps: 1_000_000, batchSize: 32, checkpointSeconds: 3600 } }), 'signals')
    await waitUntil(() => saidOf(run, 'progress').length > 0, 20_000)
    run.child.kill('SIGINT')
    const before = saidOf(run, 'progress').length
    await waitUntil(() => saidOf(run, 'progress').length > before + 1, 20_000)
    run.child.kill('SIGTERM')
    expect((await run.ended)[0]).toBe(0)
    expect(run.messages.at(-1)).toMatchObject({ type: 'stopped' })
    expect(saidOf(run, 'checkpoint').length).toBeGreaterThan(0)
  }, 60_000)
})

describe('the end of a worker', () => {
  it('ends a trainer that waits for a job', async () => {
    const run = forkTrainer()
    await waitUntil(() => saidOf(run, 'ready').length === 1, 20_000)
    run.child.disconnect()
    expect((await once(run.child, 'exit'))[0]).toBe(1)
  }, 30_000)

  it('ends a trainer whose event loop stands still', async () => {
    // a parent that is killed, and a child that watches it and then never comes back from a computation
    const child = `import('${WATCH_PARENT}').then(({ watchParent }) => { watchParent(); console.log(process.pid); for (;;); })`
    const parent = spawn(process.execPath, [
      '-e',
      `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { stdio: 'inherit' }); setInterval(() => {}, 1000)`,
    ])
    const [chunk] = await once(parent.stdout, 'data')
    const pid = Number(String(chunk))
    expect(process.kill(pid, 0)).toBe(true)
    parent.kill('SIGKILL')
    await waitUntil(() => !isRunning(pid), 3000)
  }, 30_000)
})

describe('the probe', () => {
  const probe = async (env: NodeJS.ProcessEnv = {}) => {
    const { stdout, stderr } = await execute(process.execPath, [TRAINER, '--probe'], {
      env: { PATH: process.env['PATH'], CUDA_VISIBLE_DEVICES: '', ...env },
    })
    return { versions: JSON.parse(stdout) as TrainerVersions, stderr }
  }

  it('prints versions and devices as JSON', async () => {
    const { versions } = await probe()
    expect(versions).toMatchObject({
      node: process.versions.node,
      tfjs: '4.22.0',
      cuda: false,
      devices: [{ kind: 'cpu' }],
    })
    expect(versions.tensorflow).toMatch(/^2\.\d+\.\d+/)
  }, 30_000)

  it.each(['default', '0'])(
    'says of oneDNN what TensorFlow says, with TF_ENABLE_ONEDNN_OPTS %s',
    async (setting) => {
      const env = setting === 'default' ? {} : { TF_ENABLE_ONEDNN_OPTS: setting }
      const { versions, stderr } = await probe({ ...env, TF_CPP_MIN_LOG_LEVEL: '0' })
      expect(versions.oneDnn).toBe(stderr.includes('oneDNN custom operations are on'))
    },
    30_000,
  )

  it('says what to do where TensorFlow is not set up', async () => {
    const elsewhere = join(dir, 'trainer')
    await cp(join(TRAINER, '..'), elsewhere, { recursive: true })
    const failed = await execute(process.execPath, [join(elsewhere, 'main.js'), '--probe'], { cwd: dir }).catch(
      (error) => error,
    )
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining('npm run setup') })
  }, 30_000)
})

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
