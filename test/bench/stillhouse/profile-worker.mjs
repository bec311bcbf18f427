// Times the pieces of our step in turns and keeps the whole step's graph for TensorFlow's own tracer.
// Usage: profile-worker.mjs <task folder> <live | cached> <folder for the graph> <rounds> <steps>
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { median } from '../statistics.mjs'
import { answer } from './answer.mjs'
import { buildPair, compileStep, loadBackend } from './engine.mjs'
import { stepPieces } from './step-pieces.mjs'
import { loadWeights, readTask } from './task-files.mjs'

const [folder = '', teacher, graph = '', rounds, steps] = process.argv.slice(2)
const cached = teacher === 'cached'
const { tf } = loadBackend()
const { task, batch } = readTask(folder)
const pair = buildPair(tf, task)
for (const role of /** @type {const} */ (['teacher', 'student']))
  loadWeights(tf, pair[role], join(folder, `${role}.bin`))

/** @param {number} step */
function feed(step) {
  const { x, y, logits } = batch(step)
  return {
    x: tf.tensor(x, [task.batchSize, ...task.inputShape], 'float32'),
    y: tf.tensor1d(y, 'int32'),
    step: tf.scalar(step, 'int32'),
    rate: tf.scalar(task.learningRate, 'float32'),
    ...(cached ? { teacher: tf.tensor2d(logits, [task.batchSize, task.classes], 'float32') } : {}),
  }
}

/** The graph is written for the moment of loading only; the last one loaded stays in `graph`. */
function keepGraphs() {
  const backend = /** @type {{binding: any}} */ (/** @type {unknown} */ (tf.backend()))
  const { binding } = backend
  const loadSavedModel = (/** @type {string} */ path, /** @type {string} */ tags) => {
    rmSync(graph, { recursive: true, force: true })
    cpSync(path, graph, { recursive: true })
    return binding.loadSavedModel(path, tags)
  }
  // The binding's own properties cannot be set.
  const descriptors = { ...Object.getOwnPropertyDescriptors(binding), loadSavedModel: { value: loadSavedModel } }
  backend.binding = Object.defineProperties({}, descriptors)
}

keepGraphs()
const pieces = stepPieces({ tf, task, pair, cached }).map(({ name, step, variables }) => ({
  name,
  compiled: compileStep({ tf, step, inputs: feed(0), variables, name }),
  /** @type {number[]} */
  medians: [],
}))

/** @param {(typeof pieces)[number]} piece @param {number} count */
function time({ compiled }, count) {
  return Array.from({ length: count }, (_, i) => {
    const start = performance.now()
    tf.tidy(() => compiled.run(feed(i)))
    return performance.now() - start
  })
}

for (const piece of pieces) time(piece, Number(steps))
for (let round = 0; round < Number(rounds); round++)
  for (const piece of pieces) piece.medians.push(median(time(piece, Number(steps))))

const totals = pieces.map(({ medians }) => median(medians))
answer({ pieces: pieces.map(({ name }, i) => ({ name, ms: (totals[i] ?? 0) - (totals[i - 1] ?? 0) })) })
