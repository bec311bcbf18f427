// A trainer of this suite: the built engine and shelves on native TensorFlow, running jobs one after another as the
// trainer runs one, until it is told to go or is killed. Loading TensorFlow costs more than such a job, so a process that
// has survived one is used for the next.
import fs from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { runJob } from '@stillhouse/engine'
import { loadBackend } from '../../../apps/trainer/dist/backend.js'
import { loadOnnx } from '../../../apps/trainer/dist/load-onnx.js'
import { shelves } from '../../../apps/trainer/dist/shelves.js'

/** Milliseconds that pass each time the clock is looked at, so that checkpoints are frequent on any machine. */
const TICK = 2
let clock = 0
performance.now = () => {
  clock += TICK
  return clock
}

/** @type {((path: string) => void) | null} hears of every file operation of a checkpoint before it begins */
let onOperation = null
watchCheckpoints()
const { tf } = loadBackend()
process.on('disconnect', () => process.exit(0))
process.on('message', (message) => void run(/** @type {import('./job-child.ts').Attempt} */ (message)))
await say({ type: 'ready' })

/** @param {import('./job-child.ts').Attempt} attempt */
async function run({ spec, scratch, checkpoint, end }) {
  await fs.mkdir(scratch, { recursive: true })
  const { signal } = new AbortController()
  const request = { tf, spec, shelves, scratch, checkpoint, dataFolders: {}, fetchModel: noModel, loadOnnx, signal }
  try {
    let held = null
    for await (const event of runJob(request)) {
      await say({ type: 'event', event })
      const reached = event.type === 'metrics' && event.points.some(({ seq }) => seq === end?.after)
      if (reached && end?.how === 'while writing') dieWhileWriting(scratch, end.operation)
      if (reached && end?.how === 'from outside') held = end.events
      if (held !== null && held-- <= 0) await death()
    }
    if (held !== null) await death()
    await say({ type: 'over', error: null })
  } catch (error) {
    await say({ type: 'over', error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
}

/** The parent has decided on it. */
const death = () => new Promise(() => {})
const noModel = async () => null

/** Ends this process at the given file operation of the next checkpoint, counted from 1. */
function dieWhileWriting(scratch, operation) {
  let begun = 0
  onOperation = (path) => {
    if (!path.startsWith(join(scratch, 'checkpoints'))) return
    begun += 1
    if (begun === operation) process.kill(process.pid, 'SIGKILL')
  }
}

function watchCheckpoints() {
  for (const name of ['mkdir', 'open', 'rename', 'rm', 'readdir']) {
    const real = fs[name]
    fs[name] = (path, ...more) => {
      onOperation?.(String(path))
      return real(path, ...more)
    }
  }
  syncBuiltinESMExports()
}

/** @param {import('./job-child.ts').Said} message */
function say(message) {
  return new Promise((resolve) => process.send?.(message, undefined, {}, resolve))
}
