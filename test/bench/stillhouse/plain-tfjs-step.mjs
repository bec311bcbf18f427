// The same distillation step as a user of plain TensorFlow.js writes it: layers called as they come, batch norm of
// tfjs-layers, its own momentum optimiser. Weight decay is added by hand, because tfjs has none.

/**
 * @typedef {import('./engine.mjs').Tensor} Tensor
 * @param {{tf: import('./engine.mjs').Tf, task: import('../tasks.mjs').Task, pair: import('./engine.mjs').Pair, cached: boolean}} options
 * @returns {(inputs: Record<string, Tensor>) => Record<string, Tensor>}
 */
export function plainTfjsStep({ tf, task, pair, cached }) {
  const { temperature, alpha, learningRate, momentum, weightDecay, classes } = task
  const optimizer = tf.train.momentum(learningRate, momentum)
  const weights = [...pair.student.trainable]
  return (inputs) => {
    const [x, y] = /** @type {[Tensor, Tensor]} */ ([inputs['x'], inputs['y']])
    const target = cached
      ? /** @type {Tensor} */ (inputs['teacher'])
      : /** @type {Tensor} */ (pair.teacher.model.predictOnBatch(x))
    const { value, grads } = tf.variableGrads(() => {
      const logits = /** @type {Tensor} */ (pair.student.model.apply(x, { training: true }))
      const hard = tf.losses.softmaxCrossEntropy(tf.oneHot(/** @type {any} */ (y), classes), logits)
      const soft = divergence(tf, { logits, target, temperature })
      return /** @type {any} */ (tf.add(tf.mul(hard, 1 - alpha), tf.mul(soft, alpha * temperature ** 2)))
    }, weights)
    const decayed = weights.map((weight) => [
      weight.name,
      tf.add(/** @type {Tensor} */ (grads[weight.name]), tf.mul(weight, weightDecay)),
    ])
    optimizer.applyGradients(Object.fromEntries(decayed))
    return { loss: value }
  }
}

/** @param {import('./engine.mjs').Tf} tf @param {{logits: Tensor, target: Tensor, temperature: number}} options */
function divergence(tf, { logits, target, temperature }) {
  const p = tf.softmax(tf.div(target, temperature))
  const difference = tf.sub(tf.log(p), tf.logSoftmax(tf.div(logits, temperature)))
  return tf.mean(tf.sum(tf.mul(p, difference), -1))
}
