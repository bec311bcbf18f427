// The operations that methods get beside `tf`: formulas here, TensorFlow's fused kernels behind them in the graph package.
import { softmaxCrossEntropy, statelessNormal, statelessUniform, stopGradient } from '@stillhouse/graph'
import type { Ops } from '../contracts/ops.ts'
import type { Scalar, Tensor, Tf } from '../contracts/tf.ts'

export interface CreateOps {
  readonly tf: Tf
  readonly seed: number
  /** Number of the current step, a scalar int32 input of the step. */
  readonly step: () => Scalar
}

export function createOps({ tf, seed, step }: CreateOps): Ops {
  return {
    stopGradient: (x) => stopGradient(tf, x),
    crossEntropy: (logits, labels) => crossEntropy(tf, logits, labels),
    distillation: (student, teacher, temperature) => distillation(tf, { student, teacher, temperature }),
    ramp: (epoch, over) => ramp(tf, epoch, over),
    randomUniform: (shape, site) => statelessUniform(tf, { shape, seed, site, step: step() }),
    randomNormal: (shape, site) => statelessNormal(tf, { shape, seed, site, step: step() }),
  }
}

function crossEntropy(tf: Tf, logits: Tensor, labels: Tensor): Scalar {
  if (labels.rank === 1) return tf.mean(softmaxCrossEntropy(tf, logits, labels)) as Scalar
  return tf.neg(tf.mean(tf.sum(tf.mul(labels, tf.logSoftmax(logits)), -1))) as Scalar
}

function ramp(tf: Tf, epoch: Scalar, over: number): Scalar {
  if (over === 0) return tf.scalar(1)
  const left = tf.sub(1, tf.div(tf.minimum(epoch, over), over))
  return tf.exp(tf.mul(tf.square(left), -5)) as Scalar
}

interface Distillation {
  readonly student: Tensor
  readonly teacher: Tensor
  readonly temperature: number
}

function distillation(tf: Tf, { student, teacher, temperature }: Distillation): Scalar {
  const target = tf.logSoftmax(tf.div(stopGradient(tf, teacher), temperature))
  const answer = tf.logSoftmax(tf.div(student, temperature))
  const divergence = tf.sum(tf.mul(tf.exp(target), tf.sub(target, answer)), -1)
  return tf.mul(tf.mean(divergence), temperature ** 2) as Scalar
}
