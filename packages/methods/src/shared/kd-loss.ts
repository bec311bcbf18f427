// The loss of plain knowledge distillation and its parameters, for the methods that build on it.
import type { Ops, Scalar, Tensor, Tf } from '@stillhouse/engine'
import { type Static, Type } from 'typebox'

/** Properties of a parameter schema. */
export const kdParameters = {
  temperature: Type.Number({
    exclusiveMinimum: 0,
    // at larger temperatures float32 rounds the differences between classes away
    maximum: 100,
    default: 4,
    description: 'softens the probabilities of teacher and student alike; the labels are learnt at 1',
  }),
  alpha: Type.Number({
    minimum: 0,
    maximum: 1,
    default: 0.9,
    description: 'weight of the teacher; the labels weigh 1 − alpha. At 1 the labels are not used',
  }),
}
const parameters = Type.Object(kdParameters)

export interface KdLossInput extends Static<typeof parameters> {
  /** [B, K] logits */
  readonly student: Tensor
  /** [B, K] logits */
  readonly teacher: Tensor
  /** [B] int32, or probabilities [B, K] */
  readonly labels: Tensor
}

/** The two parts of the loss, weighted; a part of weight 0 is left out. */
export function kdLoss(
  ops: Ops,
  { student, teacher, labels, temperature, alpha }: KdLossInput,
): Record<string, Scalar> {
  const parts: Record<string, Scalar> = {}
  if (alpha < 1) parts['ce'] = ops.crossEntropy(student, labels).mul(1 - alpha)
  if (alpha > 0) parts['kd'] = ops.distillation(student, teacher, temperature).mul(alpha)
  return parts
}

export interface AverageInput {
  /** Per teacher [B, K] */
  readonly logits: readonly Tensor[]
  /** Per teacher, sum 1 */
  readonly shares: readonly number[]
  readonly temperature: number
}

/**
 * Logits [B, K] that at this temperature give the average of the teachers' probabilities, p = Σ_m w_m softmax(z_m / T):
 * T · log p, taken through logSumExp so that a class no teacher believes in does not become −∞.
 */
export function averageTeachers(tf: Tf, { logits, shares, temperature }: AverageInput): Tensor {
  const [only] = logits
  if (only !== undefined && logits.length === 1) return only
  const weighted = logits.map((z, m) => tf.logSoftmax(z.div(temperature)).add(Math.log(shares[m] ?? 0)))
  return tf.logSumExp(tf.stack(weighted), 0).mul(temperature)
}
