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
    crossEntropy: (logits, labels) => tf.mean(softmaxCrossEntropy(tf, logits, labels)) as Scalar,
    distillation: (student, teacher, temperature) => distillation(tf, { student, teacher, temperature }),
    randomUniform: (shape, site) => statelessUniform(tf, { shape, seed, site, step: step() }),
    randomNormal: (shape, site) => statelessNormal(tf, { shape, seed, site, step: step() }),
  }
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
