// One arm of an experiment for one seed, as a job in a process of its own: the job runs, its metrics are taken, and what the
// arms must have in common is noted. Usage: arm-process.mjs <request file>; the request is { spec, scratch, teachers,
// definition, arm, quick }, `teachers` a folder in which trained teachers are kept for the other arms.
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { answer } from '../bench/stillhouse/answer.mjs'
import { loadBackend, openBatches, parseJobSpec, runJob, shelves } from '../bench/stillhouse/engine.mjs'
import { createFootprint } from './footprint.mjs'
import { openMethods } from './method-insides.mjs'
import { createProbe } from './probe.mjs'
import { createWatch } from './watch.mjs'

const { spec, scratch, teachers, definition, arm } = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'))
const { experiment } = await import(pathToFileURL(definition).href)
const { tf } = loadBackend()
answer({ type: 'ready' })
const parsed = parseJobSpec(spec)
if (!parsed.ok) throw new Error(`The job of the arm "${arm}" is refused: ${JSON.stringify(parsed.faults)}`)

mkdirSync(scratch, { recursive: true })
/** Folders of the job's teachers, in their order. @type {string[]} */
const folders = []
/** @param {string} key */
const folderOf = (key) => join(teachers, key)
const footprint = createFootprint(parsed.spec, openBatches)
/** Named points of the training's log, in order. @type {{name: string, stage: string, step: number, value: number}[]} */
const points = []
/** @type {Record<string, number>} */
let evaluation = {}
/** An arm may plant a fault. @type {import('./method-insides.mjs').Tamper | undefined} */
const tamper = experiment.arms?.find((/** @type {{name: string}} */ { name }) => name === arm)?.tamper
const method = openMethods(tf, shelves.methods, tamper)
/** @type {Promise<import('./probe.mjs').Probe> | null} */
let opened = null
const probeOf = () => {
  const job = /** @type {any} */ (parsed).spec
  opened ??= createProbe({ tf, spec: job, student: join(scratch, 'export/tfjs-layers'), teachers: folders })
  return opened
}
const watch = experiment.watch && createWatch({ watch: experiment.watch, probe: probeOf, points })

const events = runJob({
  tf,
  spec: parsed.spec,
  shelves: { ...shelves, methods: watch ? watch.methods(method.methods) : method.methods },
  scratch,
  checkpoint: null,
  openBatches: footprint.openBatches,
  fetchModel: async (reference) => {
    if (!('teacherKey' in reference)) return null
    const dir = folderOf(reference.teacherKey)
    folders.push(dir)
    return existsSync(dir) ? { dir, metrics: {} } : null
  },
  signal: new AbortController().signal,
})
for await (const event of events) {
  await watch?.see(event)
  if (event.type === 'teacher') {
    keepTeacher(event.key, event.dir)
    footprint.begin()
    points.length = 0
  } else if (event.type === 'metrics') points.push(...event.points)
  else if (event.type === 'eval') evaluation = event.metrics
  else if (event.type === 'log') process.stdout.write(`${event.message}\n`)
  else if (event.type === 'note') process.stdout.write(`${event.message}\n`)
  else if (event.type === 'done') await finish(event.metrics)
}

/** Whole or not at all: another run may read the folder. @param {string} key @param {string} dir */
function keepTeacher(key, dir) {
  if (existsSync(folderOf(key))) return
  const copy = `${folderOf(key)}.${process.pid}`
  cpSync(dir, copy, { recursive: true })
  renameSync(copy, folderOf(key))
}

/** @param {Record<string, number>} metrics */
async function finish(metrics) {
  const probe = await probeOf()
  const run = { arm, metrics, evaluation, points, probe, method }
  /** @type {Record<string, number>} */
  const values = {}
  for (const { name, arms, value } of experiment.metrics)
    if (arms === undefined || arms.includes(arm)) values[name] = await value(run)
  answer({ type: 'done', metrics: values, footing: { ...footprint.found(), ...probe.footing() } })
}
