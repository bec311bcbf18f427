// Decoupled knowledge distillation: the divergence of plain distillation, split into what it says of the true class and
// what it says of the others.
import type { Tensor, Tf } from '@stillhouse/engine'
import type { Maths } from './maths.ts'

export interface DkdInput {
  /** [B, K] logits */
  readonly student: Tensor
  /** [B, K] logits; gets no gradient */
  readonly teacher: Tensor
  /** [B] int32 */
  readonly y: Tensor
  /** T > 0 */
  readonly temperature: number
}

export interface DkdParts {
  /** TCKD, [B] */
  readonly target: Tensor
  /** NCKD, [B] */
  readonly nonTarget: Tensor
}

/**
 * Per sample, without T² (Zhao et al. 2022, eq. 6): TCKD = KL(b_t ‖ b_s) with b = [p_y, 1 − p_y] at T, NCKD = KL of the
 * softmaxes over the K − 1 other classes. KL(p_t^T ‖ p_s^T) = TCKD + (1 − p_t,y) · NCKD. All in logarithms.
 */
export function dkdParts({ tf, ops }: Maths, { student, teacher, y, temperature }: DkdInput): DkdParts {
  const mask = tf.oneHot(y, student.shape[1] ?? 0, 1, 0, 'float32')
  const of = (logits: Tensor) => split(tf, logits.div(temperature), mask)
  const [s, t] = [of(student), of(ops.stopGradient(teacher))]
  return { target: divergence(t.binary, s.binary), nonTarget: divergence(t.others, s.others) }
}

/** Larger than any logit, so that softmax gives the class exactly nothing. */
const OUT = 1e9

/** Logarithms of [p_y, 1 − p_y], [B, 2], and of the softmax over the others, [B, K] with a class that weighs nothing. */
function split(tf: Tf, z: Tensor, mask: Tensor) {
  const others = z.sub(mask.mul(OUT))
  const rest = tf.logSumExp(others, -1, true)
  const yes = z.mul(mask).sum(-1, true)
  const all = tf.logSumExp(z, -1, true)
  return { binary: tf.concat([yes, rest], -1).sub(all), others: others.sub(rest) }
}

/** Σ p (log p − log q) over the last axis. */
function divergence(logP: Tensor, logQ: Tensor): Tensor {
  return logP.exp().mul(logP.sub(logQ)).sum(-1)
}
