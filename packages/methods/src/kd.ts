// Knowledge distillation as first published: the student learns the teacher's softened class probabilities.
import type { Method, Ops, Scalar, StepContext, Tensor, Tf } from '@stillhouse/engine'
import { type Static, Type } from 'typebox'

const parameters = Type.Object(
  {
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
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/**
 * L = (1 − alpha) · CE(y, p_s) + alpha · T² · KL(p_t^T ‖ p_s^T), means over the batch (Hinton et al. 2015, section 2).
 * Defaults are those of the distillation benchmarks on CIFAR. Several teachers are averaged by their weights.
 */
export const kd: Method = {
  name: 'kd',
  title: 'Knowledge distillation',
  summary: "The student learns the teacher's class probabilities at a raised temperature, mixed with the labels.",
  paper: {
    title: 'Distilling the Knowledge in a Neural Network',
    authors: 'Hinton, Vinyals, Dean',
    venue: 'NIPS Deep Learning Workshop',
    year: 2014,
  },
  tasks: ['classification'],
  parameters,
  needs: { teachers: { min: 1, max: 16 }, labels: true },
  plan({ tf, params, student, teachers }) {
    const { temperature, alpha } = params as Params
    const shares = teachers.map(({ share }) => share)
    const target = (step: StepContext) =>
      averageTeachers(tf, { logits: teachers.map((_, i) => step.teacher(i).logits), shares, temperature })
    return {
      deploy: student,
      stages: [
        {
          name: 'distil',
          share: 1,
          players: [{ role: 'student', variables: student.trainable }],
          updates: [
            {
              kind: 'gradient',
              name: 'student',
              trains: ['student'],
              loss: (step) =>
                kdLoss(step.ops, {
                  student: step.train(student).logits,
                  teacher: target(step),
                  labels: step.batch.y,
                  temperature,
                  alpha,
                }),
            },
          ],
        },
      ],
    }
  },
}

export interface KdLossInput extends Params {
  /** [B, K] logits */
  readonly student: Tensor
  /** [B, K] logits */
  readonly teacher: Tensor
  /** [B] int32 */
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
