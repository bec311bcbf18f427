// The step of part 1 cut off after each of its pieces: what a piece costs is what the step takes longer with it.
import { createOps, distillationStep, forward } from './engine.mjs'

/**
 * @typedef {import('./engine.mjs').Tensor} Tensor
 * @typedef {(inputs: Record<string, Tensor>) => Record<string, Tensor>} Step
 * @param {{tf: import('./engine.mjs').Tf, task: import('../tasks.mjs').Task, pair: import('./engine.mjs').Pair, cached: boolean}} options
 * @returns {{name: string, step: Step, variables: import('@tensorflow/tfjs').Variable[]}[]} each with all that those before have
 */
export function stepPieces(options) {
  const { tf, task, pair, cached } = options
  const whole = distillationStep(options)
  const input = (/** @type {Record<string, Tensor>} */ inputs, /** @type {string} */ name) =>
    /** @type {any} */ (inputs[name])
  const target = (/** @type {Record<string, Tensor>} */ inputs) =>
    cached ? input(inputs, 'teacher') : forward({ tf, network: pair.teacher, x: input(inputs, 'x') }).logits
  const loss = (/** @type {Record<string, Tensor>} */ inputs) => {
    const ops = createOps({ tf, seed: 0, step: () => input(inputs, 'step') })
    const { logits } = forward({ tf, network: pair.student, x: input(inputs, 'x'), training: { ops, site: 'student' } })
    const hard = ops.crossEntropy(logits, input(inputs, 'y')).mul(1 - task.alpha)
    return tf.addN([hard, ops.distillation(logits, target(inputs), task.temperature).mul(task.alpha)])
  }
  const gradients = (/** @type {Record<string, Tensor>} */ inputs) => {
    const { grads } = tf.variableGrads(() => /** @type {any} */ (loss(inputs)), [...pair.student.trainable])
    return tf.addN(Object.values(grads).map((gradient) => tf.sum(gradient)))
  }
  const { variables } = whole
  const piece = (/** @type {string} */ name, /** @type {(inputs: Record<string, Tensor>) => Tensor} */ run) => ({
    name,
    step: (/** @type {Record<string, Tensor>} */ inputs) => ({ loss: run(inputs) }),
    variables,
  })
  return [
    piece('feed and fetch', (inputs) => tf.add(input(inputs, 'rate'), 1)),
    ...(cached ? [] : [piece('teacher, forward', (inputs) => tf.sum(target(inputs)))]),
    piece('student, forward and loss', loss),
    piece('student, backward', gradients),
    { name: 'optimiser and statistics', step: whole.step, variables },
  ]
}
