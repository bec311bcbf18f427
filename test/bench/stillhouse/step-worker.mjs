// Stillhouse as a competitor in the single-step parts. Usage: step-worker.mjs <task folder> <variant> <live | cached>
//   compiled     the step as one TensorFlow graph, as jobs run it
//   eager        the same step op by op, with fused batch norm (train.compile: false)
//   plain-tfjs   the step as it is written in TensorFlow.js without Stillhouse
import { join } from 'node:path'
import { answer, serve } from './answer.mjs'
import { buildPair, compileStep, distillationStep, loadBackend } from './engine.mjs'
import { plainTfjsStep } from './plain-tfjs-step.mjs'
import { loadWeights, readTask } from './task-files.mjs'

const [folder, variant, teacher] = /** @type {[string, string, string]} */ (process.argv.slice(2))
const cached = teacher === 'cached'
const backend = loadBackend()
const { tf } = backend
const { task, batch } = readTask(folder)
const pair = buildPair(tf, task)
for (const role of /** @type {const} */ (['teacher', 'student']))
  loadWeights(tf, pair[role], join(folder, `${role}.bin`))

/** Host arrays to tensors: part of every step, as in a job. @param {number} step */
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

/** @returns {(inputs: Record<string, import('./engine.mjs').Tensor>) => Record<string, import('./engine.mjs').Tensor>} */
function createRunner() {
  const options = { tf, task, pair, cached }
  if (variant === 'plain-tfjs') return plainTfjsStep(options)
  const { step, variables } = distillationStep(options)
  if (variant === 'eager') return step
  const compiled = compileStep({ tf, step, inputs: feed(0), variables, name: 'bench' })
  return compiled.run
}

const run = createRunner()
let done = 0

/** @returns {number} the loss when it is asked for */
function oneStep(read = false) {
  return tf.tidy(() => {
    const { loss } = run(feed(done++))
    return read ? (loss?.dataSync()[0] ?? Number.NaN) : 0
  })
}

/** @param {number} count @returns {number[]} milliseconds of each step */
function timedSteps(count) {
  return Array.from({ length: count }, () => {
    const start = performance.now()
    oneStep()
    return performance.now() - start
  })
}

answer({ ready: true, versions: { node: process.versions.node, tensorflow: backend.tensorflow } })
await serve(({ command, count }) => {
  if (command === 'losses') return { losses: Array.from({ length: count }, () => oneStep(true)) }
  return { ms: timedSteps(count) }
})
