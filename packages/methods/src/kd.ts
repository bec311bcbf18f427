// Knowledge distillation: the student learns the teacher's softened class probabilities. The loss as first published, and
// two that later took its place.
import type { ParamFault, Scalar, StepContext, Tensor, TermMethod, Tf } from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { distParts } from './shared/dist-loss.ts'
import { dkdParts } from './shared/dkd-loss.ts'
import { type AverageInput, averageTeachers, kdLoss, kdParameters } from './shared/kd-loss.ts'
import type { Maths } from './shared/maths.ts'

export {
  type CorrelationInput,
  correlationLoss,
  type DistInput,
  type DistParts,
  distParts,
} from './shared/dist-loss.ts'
export { type DkdInput, type DkdParts, dkdParts } from './shared/dkd-loss.ts'
export { type AverageInput, averageTeachers, type KdLossInput, kdLoss } from './shared/kd-loss.ts'

const weight = (value: number, description: string) =>
  Type.Number({ minimum: 0, maximum: 1000, default: value, description })

const parameters = Type.Object(
  {
    variant: Type.Enum(['kd', 'dkd', 'dist'], {
      default: 'kd',
      description:
        "what is learnt of the teacher: its probabilities; the same with the true class's part and the others' weighed apart (Zhao et al. 2022); or how its probabilities correlate (Huang et al. 2022)",
    }),
    ...kdParameters,
    average: Type.Enum(['probabilities', 'logits'], {
      default: 'probabilities',
      description: 'what of several teachers is averaged, by their weights',
    }),
    labelWeight: weight(1, 'dkd and dist: weight of cross-entropy with the labels; at 0 it is left out'),
    targetWeight: weight(1, 'dkd: alpha of the paper, weight of how sure the teacher is of the true class'),
    nonTargetWeight: weight(8, 'dkd: beta of the paper, weight of the other classes among each other'),
    warmupEpochs: weight(20, 'dkd: epochs over which its part rises along a line from 0'),
    interWeight: weight(1, "dist: beta of the paper, weight of the correlation of each sample's classes"),
    intraWeight: weight(1, "dist: gamma of the paper, weight of the correlation of each class's samples in the batch"),
    scaleByT2: Type.Boolean({
      default: true,
      description: "dist: multiplies by temperature², as the authors' code does and their paper does not",
    }),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/**
 * - `kd`: L = (1 − alpha) · CE(y, p_s) + alpha · T² · KL(p_t^T ‖ p_s^T) (Hinton et al. 2015, section 2). At alpha 1 no
 *   label is read.
 * - `dkd`: L = CE + min(epoch / warmupEpochs, 1) · T² · (targetWeight · TCKD + nonTargetWeight · NCKD) (`dkdParts`).
 * - `dist`: L = CE + T² · (interWeight · inter + intraWeight · intra) (`distParts`); T² only with `scaleByT2`.
 *
 * Means over the batch. Defaults are those of the distillation benchmarks on CIFAR and of the authors' codes. Several
 * teachers are averaged by their weights into one: Σ w_m softmax(z_m / T), or Σ w_m z_m with `average: logits`.
 */
export const kd: TermMethod = {
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
  ownLabels: true,
  check: (params, { batchSize, mixedLabels = false }) => [
    ...classFaults(params as Params, mixedLabels),
    ...intraFaults(params as Params, batchSize),
    ...emptyFaults(params as Params),
  ],
  withoutLabels: (params) => labelFaults(params as Params),
  term({ tf, params, teachers }) {
    const given = params as Params
    const shares = teachers.map(({ share }) => share)
    return {
      loss: (step, { logits: student }) => {
        const logits = shares.map((_, i) => step.teacher(i).logits)
        const teacher = averageOf(tf, given.average, { logits, shares, temperature: given.temperature })
        return lossOf(step, { ...given, student, teacher })
      },
    }
  },
}

/** Σ_m w_m z_m, [B, K]. */
export function averageLogits(tf: Tf, { logits, shares }: Omit<AverageInput, 'temperature'>): Tensor {
  return tf.addN(logits.map((z, m) => z.mul(shares[m] ?? 0)))
}

const averageOf = (tf: Tf, average: Params['average'], input: AverageInput) =>
  average === 'logits' ? averageLogits(tf, input) : averageTeachers(tf, input)

interface Compared extends Params {
  /** [B, K] logits */
  readonly student: Tensor
  /** [B, K] logits */
  readonly teacher: Tensor
}

function lossOf(step: StepContext, input: Compared): Record<string, Scalar> {
  const { ops, batch } = step
  if (input.variant === 'kd') return kdLoss(ops, { ...input, labels: batch.labels })
  const labels = weighted({ ce: [input.labelWeight, () => ops.crossEntropy(input.student, batch.labels)] })
  return { ...labels, ...(input.variant === 'dkd' ? dkdLoss(step, input) : distLoss(step, input)) }
}

/** Parts by name; one of weight 0 is left out. */
function weighted(parts: Record<string, readonly [number, () => Scalar]>): Record<string, Scalar> {
  const used = Object.entries(parts).filter(([, [weight]]) => weight > 0)
  return Object.fromEntries(used.map(([name, [weight, part]]) => [name, part().mul(weight) as Scalar]))
}

function dkdLoss({ tf, ops, batch, epoch }: StepContext, input: Compared): Record<string, Scalar> {
  const { temperature, targetWeight, nonTargetWeight, warmupEpochs } = input
  const { target, nonTarget } = dkdParts({ tf, ops }, { ...input, y: batch.y })
  const warm = warmupEpochs === 0 ? tf.scalar(1) : tf.minimum(epoch.div(warmupEpochs), 1)
  const scaled = (part: Tensor) => part.mean().mul(warm) as Scalar
  return weighted({
    target: [targetWeight * temperature ** 2, () => scaled(target)],
    nonTarget: [nonTargetWeight * temperature ** 2, () => scaled(nonTarget)],
  })
}

function distLoss(maths: Maths, input: Compared): Record<string, Scalar> {
  const { inter, intra } = distParts(maths, input)
  const factor = input.scaleByT2 ? input.temperature ** 2 : 1
  return weighted({
    inter: [input.interWeight * factor, () => inter],
    intra: [input.intraWeight * factor, () => intra],
  })
}

/** What of the parameters reads labels. */
function labelFaults({ variant, alpha, labelWeight }: Params): ParamFault[] {
  const message = 'the training samples have no labels to learn from'
  const fault = (name: string, expected: string, received: string | number): ParamFault[] => [
    { path: `/${name}`, message, expected, received: String(received) },
  ]
  if (variant === 'dkd') return fault('variant', 'kd or dist', variant)
  if (variant === 'kd') return alpha < 1 ? fault('alpha', '1', alpha) : []
  return labelWeight > 0 ? fault('labelWeight', '0', labelWeight) : []
}

function classFaults({ variant }: Params, mixedLabels: boolean): ParamFault[] {
  if (variant !== 'dkd' || !mixedLabels) return []
  const message = 'dkd needs one class per sample, and mixup mixes them'
  return [{ path: '/variant', message, expected: 'kd or dist, or train.augment without mixup', received: 'dkd' }]
}

function intraFaults({ variant, intraWeight }: Params, batchSize: number): ParamFault[] {
  if (variant !== 'dist' || intraWeight === 0 || batchSize > 1) return []
  const message = 'the correlation of the samples of a batch needs more than one'
  const expected = '0, or train.batchSize of at least 2'
  return [{ path: '/intraWeight', message, expected, received: String(intraWeight) }]
}

function emptyFaults(params: Params): ParamFault[] {
  const { variant, labelWeight, targetWeight, nonTargetWeight, interWeight, intraWeight } = params
  if (variant === 'kd') return []
  const [first, second] = variant === 'dkd' ? [targetWeight, nonTargetWeight] : [interWeight, intraWeight]
  if (labelWeight + first + second > 0) return []
  const [path, names] = variant === 'dkd' ? ['/targetWeight', 'targetWeight'] : ['/interWeight', 'interWeight']
  return [{ path, message: 'every weight is 0, so there is no loss', expected: `${names} above 0`, received: '0' }]
}
