// Cross-entropy with softened probabilities, for papers that write it rather than a divergence.
import type { Scalar, Tensor } from '@stillhouse/engine'
import type { Maths } from './maths.ts'

export interface SoftCrossEntropyInput {
  /** [B, K] logits */
  readonly student: Tensor
  /** [B, K] logits; gets no gradient */
  readonly teacher: Tensor
  /** T > 0 */
  readonly temperature: number
}

/**
 * −mean_B Σ_K p_t^T log p_s^T, without a factor T². Its gradient in the student's logits is (p_s^T − p_t^T) / (T · B);
 * its least value is the entropy of p_t^T, not zero.
 */
export function softCrossEntropy({ tf, ops }: Maths, { student, teacher, temperature }: SoftCrossEntropyInput): Scalar {
  const target = tf.softmax(ops.stopGradient(teacher).div(temperature))
  const answer = tf.logSoftmax(student.div(temperature))
  return target.mul(answer).sum(-1).mean().neg() as Scalar
}
