// One job in a process of its own, with the trainer's backend, shelves and runJob: TensorFlow is loaded, the job runs,
// the process ends. Reads a request { spec, scratch, teacher, cache } from a file; reports when it is ready, how far it
// is, how much memory it has, how long it waited for data, and what came of it. Usage: job-process.mjs <request file>
import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { answer } from './answer.mjs'
import { loadBackend, openBatches, parseJobSpec, runJob, shelves } from './engine.mjs'

/** Steps before anything is counted. */
const WARM_UP = 20

const { spec, scratch, teacher, cache } = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'))
const { tf } = loadBackend()
answer({ type: 'ready' })
const parsed = parseJobSpec(spec)
if (!parsed.ok) throw new Error(`The benchmark's job is refused: ${JSON.stringify(parsed.faults)}`)

/** Of the training that began last: when each batch was asked for and when it was there. @type {[number, number][]} */
let batches = []
const { loaderThreads: threads } = parsed.spec.resources
/** @type {typeof openBatches} */
const watchedBatches = (plan, options) => {
  batches = []
  const source = openBatches(plan, options)
  return {
    ...source,
    waitedMs: 0,
    at: async (step) => {
      const asked = performance.now()
      const found = await source.at(step)
      batches.push([asked, performance.now()])
      return found
    },
  }
}

/** Share of the time from the end of the warm-up to the last batch in which the training thread had none. */
function waiting() {
  const counted = batches.slice(WARM_UP)
  const from = batches[WARM_UP - 1]?.[1] ?? Number.NaN
  const waited = counted.reduce((sum, [asked, got]) => sum + got - asked, 0)
  const total = (counted.at(-1)?.[1] ?? Number.NaN) - from
  return {
    steps: counted.length,
    waitedMs: waited / counted.length,
    stepMs: total / counted.length,
    share: waited / total,
  }
}

await mkdir(scratch, { recursive: true })
const events = runJob({
  tf,
  spec: parsed.spec,
  shelves,
  scratch,
  checkpoint: null,
  ...(cache === null ? {} : { cacheDir: cache }),
  openBatches: (plan) => watchedBatches(plan, { threads }),
  fetchModel: async () => (teacher === null ? null : { dir: teacher, metrics: {} }),
  signal: new AbortController().signal,
})
for await (const event of events) {
  if (event.type === 'progress')
    answer({
      type: 'progress',
      progress: event.progress,
      tensors: tf.memory().numTensors,
      bytes: tf.memory().numBytes,
      resident: process.memoryUsage().rss,
    })
  else if (event.type === 'teacher') answer({ type: 'teacher', dir: event.dir })
  else if (event.type === 'log') answer({ type: 'log', message: event.message })
  else if (event.type === 'done') answer({ type: 'done', metrics: event.metrics, waiting: waiting() })
}
