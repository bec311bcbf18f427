// The only file of the benchmark that reaches into Stillhouse's packages, as built: what they are called, and how a
// distillation step is put together of them. When the engine changes its insides, this is the file to adapt.

import { loadBackend } from '../../../apps/trainer/dist/backend.js'
import { shelves } from '../../../apps/trainer/dist/shelves.js'
import { openBatches } from '../../../packages/engine/dist/data/open-batches.js'
import { buildNetwork, createOps, forward, runJob } from '../../../packages/engine/dist/index.js'
import { createOptimizer } from '../../../packages/engine/dist/optimizers/create-optimizer.js'
import { compileStep, installNativeKernels } from '../../../packages/graph/dist/index.js'
import { parseJobSpec } from '../../../packages/spec/dist/index.js'

export { compileStep, createOps, forward, loadBackend, openBatches, parseJobSpec, runJob, shelves }

/**
 * @typedef {import('@stillhouse/engine').Tf} Tf
 * @typedef {import('@stillhouse/engine').Network} Network
 * @typedef {import('@stillhouse/engine').Tensor} Tensor
 * @typedef {import('@stillhouse/engine').Architecture} Architecture
 * @typedef {{teacher: Network, student: Network}} Pair
 */

/**
 * @param {Pick<import('../tasks.mjs').Task, 'inputShape' | 'classes' | 'teacher' | 'student'>} task
 * @param {'teacher' | 'student'} role
 * @returns {Architecture}
 */
export function architectureOf(task, role) {
  const { model, params } = task[role]
  const family = shelves.models.find(({ name }) => name === model)
  if (!family) throw new Error(`There is no model "${model}" on the shelf.`)
  const defaults = Object.entries(family.parameters.properties).map(([key, schema]) => [
    key,
    /** @type {{default?: unknown}} */ (schema).default,
  ])
  const given = { ...Object.fromEntries(defaults.filter(([, value]) => value !== undefined)), ...params }
  return family.architecture(given, { inputShape: task.inputShape, classes: task.classes })
}

/**
 * Networks with weights that are the same in every process.
 * @param {Tf} tf @param {import('../tasks.mjs').Task} task @returns {Pair}
 */
export function buildPair(tf, task) {
  const teacher = buildNetwork({
    tf,
    role: 'teacher',
    architecture: architectureOf(task, 'teacher'),
    seed: 1,
    frozen: true,
  })
  const student = buildNetwork({ tf, role: 'student', architecture: architectureOf(task, 'student'), seed: 1 })
  return { teacher, student }
}

/**
 * The engine's step as a plain function of its inputs, with everything it reads and changes.
 * @param {{tf: Tf, task: import('../tasks.mjs').Task, pair: Pair, cached: boolean}} options
 */
export function distillationStep({ tf, task, pair, cached }) {
  installNativeKernels(tf)
  const { temperature, alpha, learningRate, momentum, weightDecay } = task
  const spec = { name: /** @type {const} */ ('sgd'), learningRate, momentum, weightDecay, decayNormAndBias: true }
  const optimizer = createOptimizer({ tf, spec, variables: pair.student.trainable })
  /** @param {Record<string, Tensor>} inputs @returns {Record<string, Tensor>} */
  const step = (inputs) => {
    const x = /** @type {Tensor} */ (inputs['x'])
    const ops = createOps({ tf, seed: 0, step: () => /** @type {any} */ (inputs['step']) })
    /** @type {import('../../../packages/engine/dist/network/forward.js').MovedStatistic[]} */
    const moved = []
    const { value, grads } = tf.variableGrads(() => {
      const target = cached
        ? /** @type {Tensor} */ (inputs['teacher'])
        : forward({ tf, network: pair.teacher, x }).logits
      const keep = (/** @type {(typeof moved)[number]} */ one) => void moved.push({ ...one, value: tf.keep(one.value) })
      const { logits } = forward({ tf, network: pair.student, x, training: { ops, site: 'student', moved: keep } })
      const hard = ops.crossEntropy(logits, /** @type {Tensor} */ (inputs['y'])).mul(1 - alpha)
      const soft = ops.distillation(logits, target, temperature).mul(alpha)
      return /** @type {any} */ (tf.addN([hard, soft]))
    }, [...pair.student.trainable])
    optimizer.apply(
      optimizer.variables.map((variable) => grads[variable.name]),
      /** @type {any} */ (inputs['rate']),
    )
    for (const one of moved) {
      one.variable.assign(one.value)
      one.value.dispose()
    }
    return { loss: value }
  }
  return { step, variables: [...pair.student.variables, ...optimizer.slots.values()] }
}
