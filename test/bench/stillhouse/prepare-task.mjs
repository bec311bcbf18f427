// Writes a task's weights and batches. The teacher is not trained, but its batch-norm statistics are set to those of the
// data, so that its answers are numbers of ordinary size. Usage: prepare-task.mjs <task> <folder>
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { TASKS } from '../tasks.mjs'
import { answer } from './answer.mjs'
import { architectureOf, buildPair, forward, loadBackend } from './engine.mjs'
import { namedWeights } from './task-files.mjs'

const [name, folder] = /** @type {['resnet' | 'cnn', string]} */ (process.argv.slice(2))
const task = TASKS[name]
const { tf } = loadBackend()
const pair = buildPair(tf, task)
const { batchSize, pool, inputShape, classes } = task
const samples = batchSize * pool
const x = tf.randomNormal([samples, ...inputShape], 0, 1, 'float32', 11)
const y = Int32Array.from({ length: samples }, (_, i) => (i * 7) % classes)

/** Moves the statistics all the way to those of `batch`. @param {import('./engine.mjs').Tensor} batch */
function settleStatistics(batch) {
  /** @type {{variable: import('@tensorflow/tfjs').Variable, value: import('./engine.mjs').Tensor}[]} */
  const moved = []
  const ops = { randomUniform: () => tf.zeros([1]) }
  const keep = (/** @type {(typeof moved)[number]} */ one) => void moved.push({ ...one, value: tf.keep(one.value) })
  const pass = { tf, network: pair.teacher, x: batch, training: { ops, site: '', moved: keep } }
  tf.tidy(() => forward(pass).logits)
  const layers = pair.teacher.model.layers.filter((layer) => layer.getClassName() === 'BatchNormalization')
  // One number for a whole family.
  const momentum = /** @type {number} */ (layers[0]?.getConfig()['momentum'])
  for (const { variable, value } of moved) {
    tf.tidy(() => variable.assign(value.sub(variable.mul(momentum)).div(1 - momentum)))
    value.dispose()
  }
}

/** @param {string} file @param {Float32Array | Int32Array} values */
function write(file, values) {
  writeFileSync(join(folder, file), new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
}

/** @param {'teacher' | 'student'} role */
function writeNetwork(role) {
  const weights = namedWeights(pair[role])
  write(`${role}.bin`, Float32Array.from(weights.flatMap(({ variable }) => [...variable.dataSync()])))
  const shapes = weights.map(({ name: weight, variable }) => ({ name: weight, shape: variable.shape }))
  return { architecture: architectureOf(task, role), weights: shapes }
}

settleStatistics(x.slice(0, 256))
mkdirSync(folder, { recursive: true })
write('x.bin', /** @type {Float32Array} */ (x.dataSync()))
write('y.bin', y)
const logits = tf.tidy(() => forward({ tf, network: pair.teacher, x }).logits)
write('teacher-logits.bin', /** @type {Float32Array} */ (logits.dataSync()))
const networks = { teacher: writeNetwork('teacher'), student: writeNetwork('student') }
writeFileSync(join(folder, 'task.json'), JSON.stringify({ task, networks }))
answer({ done: true, largestLogit: logits.abs().max().dataSync()[0] })
