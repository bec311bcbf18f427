// A trainer without TensorFlow: it does what the job's description says, a JSON list of actions, so that a test can
// make it behave in any way a real one might. Plain JavaScript, since it is forked as it is.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const VERSION = Number(process.env.TF_SCRIPT_VERSION ?? 1)
// GPUs that work, as CUDA_VISIBLE_DEVICES names them
const gpus = (process.env.TF_SCRIPT_GPUS ?? '').split(',').filter((gpu) => gpu !== '')
const visible = process.env.CUDA_VISIBLE_DEVICES ?? ''
const versions = {
  node: process.versions.node,
  tensorflow: 'none',
  tfjs: 'none',
  oneDnn: false,
  cuda: false,
  devices: [
    ...(gpus.includes(visible) ? [{ kind: 'gpu', name: `scripted-${visible}`, memoryGb: 16 }] : []),
    { kind: 'cpu', name: 'scripted' },
  ],
}
const stop = new AbortController()
const answers = new Map()

const send = (message) => new Promise((resolve) => process.send({ ...message, version: VERSION }, resolve))

const actions = {
  say: async (message, { scratch }) => send(message.dir ? { ...message, dir: join(scratch, message.dir) } : message),
  write: ({ file, text }, { scratch }) => {
    const path = join(scratch, file)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  },
  sleep: (ms) => sleep(ms),
  steps: async ({ count, everyMs }, job) => {
    for (let step = 1; step <= count && !stop.signal.aborted; step += 1) {
      await send({ type: 'progress', progress: progress(step, count) })
      await sleep(everyMs, undefined, { signal: stop.signal }).catch(() => {})
    }
    if (!stop.signal.aborted) return
    for (const action of job.onStop) await perform(action, job)
    process.exit(0)
  },
  fetch: async ({ id, reference }) => {
    const answer = new Promise((resolve) => answers.set(id, resolve))
    await send({ type: 'fetch', id, reference })
    await send({ type: 'log', level: 'info', message: JSON.stringify(await answer) })
  },
  echoStart: (_, job) => send({ type: 'log', level: 'info', message: JSON.stringify(job.start) }),
  echoEnv: () => send({ type: 'log', level: 'info', message: JSON.stringify(process.env) }),
  echoFile: (path) => send({ type: 'log', level: 'info', message: readFileSync(path, 'utf8') }),
  fill: async (megabytes, { scratch }) => {
    for (let each = 0; each < megabytes; each += 1)
      writeFileSync(join(scratch, `fill-${each}`), Buffer.alloc(2 ** 20, 1))
    await sleep(60_000)
  },
  stderr: (text) => new Promise((resolve) => process.stderr.write(`${text}\n`, resolve)),
  ignoreSignals: () => process.on('SIGTERM', () => {}),
  spin: () => {
    // for ever, as far as any test goes; a test run that is broken off leaves nothing behind
    for (const end = Date.now() + 60_000; Date.now() < end; );
  },
  grow: async (megabytes) => {
    const held = []
    for (let each = 0; each < megabytes; each += 8) {
      held.push(Buffer.alloc(8 * 2 ** 20, 1))
      await sleep(5)
    }
    await sleep(60_000)
    return held
  },
  signal: (name) => process.kill(process.pid, name),
  exit: (code) => process.exit(code),
}

function progress(step, steps) {
  return { stage: 'train', stageIndex: 0, stageCount: 1, step, steps, epoch: step / steps, epochs: 1 }
}

async function perform(action, job) {
  const [name, argument] = Object.entries(action)[0]
  await actions[name](argument, job)
}

process.on('disconnect', () => process.exit(1))
process.on('SIGINT', () => {})
process.on('message', async (message) => {
  if (message.type === 'stop') return stop.abort()
  if (message.type === 'fetched') return answers.get(message.id)?.(message)
  const { run, onStop = [] } = JSON.parse(message.spec.description)
  const job = { start: message, scratch: message.scratch, onStop }
  for (const action of run) await perform(action, job)
  process.exit(0)
})
if (process.env.TF_SCRIPT_BROKEN) {
  await send({ type: 'failed', code: 'trainer.error', message: process.env.TF_SCRIPT_BROKEN })
  process.exit(1)
}
await send({ type: 'ready', versions })
