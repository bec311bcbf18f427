// A task's numbers on disk, raw and little-endian, so that every competitor begins with the same weights and sees the same
// batches: task.json, teacher.bin, student.bin, x.bin, y.bin, teacher-logits.bin.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * @param {string} folder
 * @returns {{task: import('../tasks.mjs').Task, batch: (step: number) => {x: Float32Array, y: Int32Array, logits: Float32Array}}}
 */
export function readTask(folder) {
  const { task } = JSON.parse(readFileSync(join(folder, 'task.json'), 'utf8'))
  const x = new Float32Array(readBuffer(join(folder, 'x.bin')))
  const y = new Int32Array(readBuffer(join(folder, 'y.bin')))
  const logits = new Float32Array(readBuffer(join(folder, 'teacher-logits.bin')))
  /** @template {Float32Array | Int32Array} T @param {T} values @param {number} i @returns {T} */
  const part = (values, i) => {
    const size = values.length / task.pool
    return /** @type {T} */ (values.subarray(i * size, (i + 1) * size))
  }
  return {
    task,
    batch: (step) => ({
      x: part(x, step % task.pool),
      y: part(y, step % task.pool),
      logits: part(logits, step % task.pool),
    }),
  }
}

/** @param {string} file */
function readBuffer(file) {
  return Uint8Array.from(readFileSync(file)).buffer
}

/**
 * The weights of `network` from its file; the seed gives them already, but for a teacher's statistics.
 * @param {import('./engine.mjs').Tf} tf @param {import('./engine.mjs').Network} network @param {string} file
 */
export function loadWeights(tf, network, file) {
  const values = new Float32Array(readBuffer(file))
  let at = 0
  for (const { variable } of namedWeights(network)) {
    const part = values.slice(at, at + variable.size)
    at += variable.size
    tf.tidy(() => variable.assign(tf.tensor(part, variable.shape)))
  }
}

/** @param {import('./engine.mjs').Network} network */
export function namedWeights({ model }) {
  return model.layers.flatMap((layer) =>
    layer.weights.map((weight) => ({
      name: `${layer.name}/${weight.originalName.split('/').at(-1)}`,
      variable: /** @type {import('@tensorflow/tfjs').Variable} */ (weight.read()),
    })),
  )
}
