// Weighted soft labels: a sample counts for as much of the teacher as the student still falls behind on its label.
import type { Scalar, StateUpdate, StepContext, Tensor, TermMethod, Tf } from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { averageTeachers } from './shared/kd-loss.ts'
import type { Maths } from './shared/maths.ts'

const parameters = Type.Object(
  {
    temperature: Type.Number({
      exclusiveMinimum: 0,
      maximum: 100,
      default: 2,
      description: 'softens the probabilities of teacher and student; labels and sample weights are taken at 1',
    }),
    alpha: Type.Number({
      minimum: 0,
      maximum: 1000,
      default: 2.5,
      description: 'weight of the teacher; the labels weigh 1',
    }),
    weighting: Type.Enum(['wsl', 'uniform'], {
      default: 'wsl',
      description: 'of the samples; uniform weighs each by 1, which shows what the weighting is worth',
    }),
    diagnostic: Type.Boolean({
      default: false,
      description:
        'logs the share of regularisation samples, whose soft label moves the true class more than the label does, and the mean weight, at the cost of a pass',
    }),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/**
 * Zhou et al. 2021, eqs. 8 and 9: L = mean CE(y, z_s) + alpha · T² · mean_i w_i · (−Σ_k p_t^T log p_s^T), with
 * w_i = 1 − exp(−CE(y_i, z_s,i) / CE(y_i, z_t,i)) from both networks at T = 1, constant in the gradient and not
 * renormalised. T = 2 and alpha = 2.5 are the authors' for ImageNet; for CIFAR-100 we recall 4 and 2.25. Several teachers
 * are averaged as probabilities by their weights. A teacher that knows its training set by heart gives every w_i = 1.
 */
export const wsl: TermMethod = {
  name: 'wsl',
  title: 'Weighted soft labels',
  summary: 'Distillation that weighs each sample by how much worse the student still is than the teacher on its label.',
  paper: {
    title: 'Rethinking Soft Labels for Knowledge Distillation: A Bias-Variance Tradeoff Perspective',
    authors: 'Zhou, Song, Chen, Zhou, Wang, Yuan, Zhang',
    venue: 'ICLR',
    year: 2021,
  },
  tasks: ['classification'],
  parameters,
  needs: { teachers: { min: 1, max: 16 }, labels: true, hardLabels: true },
  ownLabels: true,
  term({ tf, params, teachers, student }) {
    const given = params as Params
    const shares = teachers.map(({ share }) => share)
    /** The teachers' average as logits at temperature 1 and at that of the loss. */
    const averaged = ({ teacher }: StepContext) => {
      const logits = shares.map((_, i) => teacher(i).logits)
      const at = (temperature: number) => averageTeachers(tf, { logits, shares, temperature })
      return { teacher: at(1), softTeacher: at(given.temperature) }
    }
    const diagnostic: StateUpdate = {
      kind: 'state',
      name: 'diagnostic',
      changes: [],
      run: (step) => {
        const input = { ...given, ...averaged(step), student: step.infer(student).logits, y: step.batch.y }
        return {
          regularisation: regularisationSamples(tf, input).mean(),
          sampleWeight: sampleWeights(step, input).mean(),
        }
      },
    }
    return {
      loss: (step, { logits }) => wslLoss(step, { ...given, ...averaged(step), student: logits, y: step.batch.y }),
      ...(given.diagnostic ? { after: [diagnostic] } : {}),
    }
  },
}

export interface SampleWeightInput {
  /** [B, K] logits */
  readonly student: Tensor
  /** [B, K] logits at temperature 1 */
  readonly teacher: Tensor
  /** [B] int32 */
  readonly y: Tensor
}

export interface WslInput extends SampleWeightInput {
  /** [B, K] logits at the temperature of the loss: `teacher` itself, where there is one */
  readonly softTeacher: Tensor
  readonly temperature: number
  readonly alpha: number
  readonly weighting: 'wsl' | 'uniform'
}

/** The two parts of the loss of `wsl`, weighted. No teacher gets a gradient. */
export function wslLoss(maths: Maths, input: WslInput): Record<'ce' | 'soft', Scalar> {
  const { temperature, alpha, student, y } = input
  const soft = softLosses(maths, input)
  const weighted = input.weighting === 'wsl' ? soft.mul(sampleWeights(maths, input)) : soft
  return { ce: labelLosses(maths.tf, student, y).mean(), soft: weighted.mean().mul(alpha * temperature ** 2) }
}

/** Added to the teacher's loss, as in the authors' code. */
const EPSILON = 1e-7

/** w of `wsl`, [B] in [0, 1]; gives nobody a gradient. */
export function sampleWeights({ tf, ops }: Maths, { student, teacher, y }: SampleWeightInput): Tensor {
  const [behind, best] = [student, teacher].map((logits) => labelLosses(tf, ops.stopGradient(logits), y)) as [
    Tensor,
    Tensor,
  ]
  const ratio = tf.maximum(behind.div(best.add(EPSILON)), 0)
  return tf.sub(1, tf.exp(ratio.neg()))
}

/** −Σ_k p_t^T log p_s^T, [B]. */
function softLosses({ tf, ops }: Maths, { student, softTeacher, temperature }: WslInput): Tensor {
  const target = tf.softmax(ops.stopGradient(softTeacher).div(temperature))
  return target
    .mul(tf.logSoftmax(student.div(temperature)))
    .sum(-1)
    .neg()
}

/** CE(y, z) per sample, [B]. */
function labelLosses(tf: Tf, logits: Tensor, y: Tensor): Tensor {
  return classes(tf, logits, y).mul(tf.logSoftmax(logits)).sum(-1).neg()
}

/**
 * 1 for each regularisation sample, else 0, [B]: |∂(L_kd − L_ce)/∂z_y| > |∂L_ce/∂z_y| with L_kd = T² · soft loss
 * (section 3.2 of the paper; that L_kd has the factor T² is our reading of it).
 */
export function regularisationSamples(
  tf: Tf,
  { student, softTeacher, y, temperature }: Pick<WslInput, 'student' | 'softTeacher' | 'y' | 'temperature'>,
): Tensor {
  const ofLabel = (z: Tensor) =>
    tf
      .softmax(z)
      .mul(classes(tf, z, y))
      .sum(-1)
  const byLabel = ofLabel(student).sub(1)
  const bySoft = ofLabel(student.div(temperature))
    .sub(ofLabel(softTeacher.div(temperature)))
    .mul(temperature)
  return tf.cast(tf.greater(bySoft.sub(byLabel).abs(), byLabel.abs()), 'float32')
}

const classes = (tf: Tf, logits: Tensor, y: Tensor) => tf.oneHot(y, logits.shape[1] ?? 0, 1, 0, 'float32')
