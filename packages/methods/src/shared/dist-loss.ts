// DIST: answers that correlate with the teacher's, sample by sample and class by class, rather than equal them.
import type { Scalar, Tensor, Tf } from '@stillhouse/engine'
import type { Maths } from './maths.ts'

export interface DistInput {
  /** [B, K] logits */
  readonly student: Tensor
  /** [B, K] logits; gets no gradient */
  readonly teacher: Tensor
  /** T > 0 */
  readonly temperature: number
}

export interface DistParts {
  /** In 0 … 2 */
  readonly inter: Scalar
  /** In 0 … 2; 1 with zero gradient in a batch of one sample */
  readonly intra: Scalar
}

/**
 * Huang et al. 2022, eqs. 8 and 9, with P, Q = softmax(z / T) of student and teacher and ρ Pearson's correlation:
 * inter = 1 − mean_i ρ(P[i, :], Q[i, :]), intra = 1 − mean_k ρ(P[:, k], Q[:, k]). Without T².
 */
export function distParts({ tf, ops }: Maths, { student, teacher, temperature }: DistInput): DistParts {
  const [p, q] = [student, ops.stopGradient(teacher)].map((z) => tf.softmax(z.div(temperature))) as [Tensor, Tensor]
  return { inter: correlationLoss(tf, { p, q, axis: 1 }), intra: correlationLoss(tf, { p, q, axis: 0 }) }
}

export interface CorrelationInput {
  readonly p: Tensor
  readonly q: Tensor
  /** Along which values are correlated. */
  readonly axis: number
}

/** Inside the roots: what is constant correlates with nothing, and gets no infinite slope. */
const EPSILON = 1e-12

/** 1 − the mean of Pearson's correlations of p and q along an axis. */
export function correlationLoss(tf: Tf, { p, q, axis }: CorrelationInput): Scalar {
  const centred = (x: Tensor) => x.sub(x.mean(axis, true))
  const [a, b] = [centred(p), centred(q)]
  const length = (x: Tensor) => tf.sqrt(x.square().sum(axis).add(EPSILON))
  const correlation = a
    .mul(b)
    .sum(axis)
    .div(length(a).mul(length(b)))
  return tf.sub(1, correlation.mean())
}
