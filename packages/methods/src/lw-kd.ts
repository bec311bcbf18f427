// Learning from a lightweight teacher: soft labels come from a tiny network that knows another, simple data set with as many
// classes, and a discriminator compares its answers with the student's.
import type {
  GradientUpdate,
  JobFault,
  MethodJob,
  MethodSetup,
  Network,
  Ops,
  ParamFault,
  PlanMethod,
  Player,
  Scalar,
  Stage,
  StateUpdate,
  StepContext,
  Tensor,
  Tf,
} from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { showShape } from './shared/adapter.ts'
import { adaptivePool } from './shared/adaptive-pool.ts'
import { answerDiscriminator } from './shared/answer-discriminator.ts'

const parameters = Type.Object(
  {
    teacherShare: Type.Number({
      exclusiveMinimum: 0,
      exclusiveMaximum: 1,
      default: 0.2,
      description: 'share of the training in which the teacher learns the synthetic samples; the student has the rest',
    }),
    alpha: Type.Number({
      minimum: 0,
      maximum: 1,
      default: 0.1,
      description: 'weight of the teacher; the labels weigh 1 − alpha. At 0 its answers are not compared',
    }),
    temperature: Type.Number({
      exclusiveMinimum: 0,
      maximum: 100,
      default: 6,
      description: 'softens teacher and student, in their comparison and for the discriminator',
    }),
    adversarialWeight: Type.Number({
      minimum: 0,
      maximum: 1000,
      default: 0.01,
      description: 'weight of being taken for the teacher by the discriminator; at 0 there is none',
    }),
    discriminator: Type.Integer({
      minimum: 1,
      maximum: 4096,
      default: 64,
      description: 'units of the hidden layer of the discriminator',
    }),
    discriminatorRate: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1,
      default: 0.001,
      description: 'learning rate of the discriminator (Adam); follows the schedule of the job',
    }),
    diagnostic: Type.Boolean({
      default: false,
      description:
        'logs the mean entropy, in nats, of what the student learns: labels and soft labels by their weights',
    }),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/** Name of the further data set, as a job gives it under `sources`. */
const SYNTHETIC = 'synthetic'

/**
 * Liu et al. 2020. Stage `teacher`: a small network learns the data set `synthetic` with cross-entropy. Stage `student`: for
 * every sample of the batch a synthetic one s of the same class index, t = softmax(z_T(s) / T), p = softmax(z_S(x) / T).
 * Discriminator: −mean[log D(t) + log(1 − D(p))], p constant. Student: (1 − alpha) · CE(y, z_S) +
 * alpha · KD_T(z_T(s) → z_S(x)) − adversarialWeight · mean log D(p), D constant. The teacher never sees x.
 * The pairing, the discriminator, its loss and every constant are our reading of the paper. Synthetic images that are larger
 * than the job's are averaged to their size. The learning-rate schedule begins anew with each stage.
 */
export const lwKd: PlanMethod = {
  name: 'lw-kd',
  title: 'Learning from a lightweight teacher',
  summary: 'Soft labels of a tiny teacher that learnt simple synthetic samples, with a discriminator of answers.',
  paper: {
    title: 'Learning from a Lightweight Teacher for Efficient Knowledge Distillation',
    authors: 'Liu, Zhang, Wang',
    venue: 'arXiv',
    year: 2020,
  },
  tasks: ['classification'],
  parameters,
  needs: {
    teachers: { min: 1, max: 1 },
    trainableTeachers: true,
    labels: true,
    hardLabels: true,
    sources: [SYNTHETIC],
  },
  check: (params, job) => [...emptyFaults(params as Params), ...sourceFaults(job)],
  plan(setup) {
    const { teacherShare } = setup.params as Params
    const teacher = teacherOf(setup)
    return { deploy: setup.student, stages: [teacherStage(setup, teacher, teacherShare), studentStage(setup, teacher)] }
  },
}

function teacherOf({ teachers }: MethodSetup): Network {
  const network = teachers[0]?.network
  if (network) return network
  throw new Error('The method lw-kd trains its teacher. Expected a network; received none that can run in a step.')
}

function teacherStage({ tf, schedule, signature }: MethodSetup, teacher: Network, share: number): Stage {
  return {
    name: 'teacher',
    share,
    schedule,
    batch: { source: SYNTHETIC },
    players: [{ role: teacher.role, variables: teacher.trainable }],
    updates: [
      {
        kind: 'gradient',
        name: 'teacher',
        trains: [teacher.role],
        loss: ({ ops, batch, train }) => ({
          ce: ops.crossEntropy(train(teacher, fitted(tf, batch.x, signature.inputShape)).logits, batch.labels),
        }),
      },
    ],
  }
}

function studentStage(setup: MethodSetup, teacher: Network): Stage {
  const { student, schedule, params } = setup
  const { teacherShare, adversarialWeight, diagnostic } = params as Params
  const pair = { setup, teacher, judge: adversarialWeight === 0 ? null : judgeOf(setup) }
  const learner: Player = { role: student.role, variables: student.trainable }
  const steps = pair.judge === null ? [studentUpdate(pair)] : [judgeUpdate(pair, pair.judge), studentUpdate(pair)]
  return {
    name: 'student',
    share: 1 - teacherShare,
    schedule,
    streams: { [SYNTHETIC]: { source: SYNTHETIC, draw: 'sameClass' } },
    players: pair.judge === null ? [learner] : [learner, pair.judge.player],
    updates: diagnostic ? [...steps, entropyOf(pair)] : steps,
  }
}

interface Judge {
  readonly network: Network
  readonly player: Player
}

interface Pair {
  readonly setup: MethodSetup
  readonly teacher: Network
  readonly judge: Judge | null
}

function judgeOf({ build, params, signature }: MethodSetup): Judge {
  const { discriminator, discriminatorRate: learningRate } = params as Params
  const network = build('discriminator', answerDiscriminator(signature.classes, discriminator))
  const optimizer = { name: 'adam', learningRate } as const
  return { network, player: { role: network.role, variables: network.trainable, optimizer } }
}

/** z_T(s), [B, K]; gives nobody a gradient. */
function teacherAnswers({ setup, teacher }: Pair, { tf, ops, infer, stream }: StepContext): Tensor {
  const images = fitted(tf, stream(SYNTHETIC).x, setup.signature.inputShape)
  return ops.stopGradient(infer(teacher, images).logits)
}

function judgeUpdate(pair: Pair, { network }: Judge): GradientUpdate {
  const { temperature } = pair.setup.params as Params
  return {
    kind: 'gradient',
    name: 'discriminator',
    trains: [network.role],
    loss: (step) => {
      const { tf, ops, train } = step
      const softened = (logits: Tensor) => tf.softmax(ops.stopGradient(logits).div(temperature))
      const teacher = train(network, softened(teacherAnswers(pair, step))).logits
      const student = train(network, softened(step.infer(pair.setup.student).logits)).logits
      return { judgement: judgementLoss(tf, { teacher, student }) }
    },
  }
}

function studentUpdate(pair: Pair): GradientUpdate {
  const { student, params } = pair.setup
  const given = params as Params
  return {
    kind: 'gradient',
    name: 'student',
    trains: [student.role],
    loss: (step) => {
      const { tf, ops, batch, train } = step
      const { logits } = train(student)
      const parts = lightTeacherLoss(ops, {
        ...given,
        student: logits,
        teacher: given.alpha === 0 ? null : teacherAnswers(pair, step),
        labels: batch.labels,
      })
      if (pair.judge === null) return parts
      const judged = step.infer(pair.judge.network, tf.softmax(logits.div(given.temperature))).logits
      return { ...parts, adversarial: persuasionLoss(tf, judged).mul(given.adversarialWeight) as Scalar }
    },
  }
}

/** The targets of the labels and of the teacher, taken together as if both were learnt at one temperature. */
function entropyOf(pair: Pair): StateUpdate {
  const { alpha, temperature } = pair.setup.params as Params
  return {
    kind: 'state',
    name: 'diagnostic',
    changes: [],
    run: (step) => ({
      targetEntropy: targetEntropy(step.tf, {
        teacher: teacherAnswers(pair, step),
        labels: step.batch.y,
        alpha,
        temperature,
      }),
    }),
  }
}

/** Mean over the batch of the entropy, in nats, of (1 − alpha) · y + alpha · softmax(z_T(s) / T). @param input.labels [B] int32 */
export function targetEntropy(
  tf: Tf,
  {
    teacher,
    labels,
    alpha,
    temperature,
  }: Omit<LightTeacherInput, 'student' | 'teacher'> & { readonly teacher: Tensor },
): Scalar {
  const soft = tf.softmax(teacher.div(temperature))
  const hard = tf.oneHot(labels as never, teacher.shape[1] ?? 1)
  const target = soft.mul(alpha).add(hard.mul(1 - alpha)) as Tensor
  return target
    .mul(tf.log(tf.maximum(target, 1e-12)))
    .sum(-1)
    .mean()
    .neg() as Scalar
}

export interface LightTeacherInput {
  /** z_S(x), [B, K] */
  readonly student: Tensor
  /** z_T(s), [B, K], of other samples of the same classes; null at alpha 0 */
  readonly teacher: Tensor | null
  /** [B] int32 */
  readonly labels: Tensor
  readonly alpha: number
  readonly temperature: number
}

/** (1 − alpha) · CE(y, z_S) and alpha · KD_T(z_T → z_S); a part of weight 0 is left out. */
export function lightTeacherLoss(
  ops: Ops,
  { student, teacher, labels, alpha, temperature }: LightTeacherInput,
): Readonly<Record<string, Scalar>> {
  return {
    ...(alpha < 1 && { ce: ops.crossEntropy(student, labels).mul(1 - alpha) }),
    ...(alpha > 0 && teacher !== null && { kd: ops.distillation(student, teacher, temperature).mul(alpha) }),
  }
}

export interface Judgement {
  /** Logits of D on the teacher's probabilities, [B, 1] */
  readonly teacher: Tensor
  /** Logits of D on the student's, [B, 1] */
  readonly student: Tensor
}

/** −mean_B[log D(t) + log(1 − D(p))] in nats, D = sigmoid of its logits: 2 ln 2 where it cannot tell. */
export function judgementLoss(tf: Tf, { teacher, student }: Judgement): Scalar {
  return tf.softplus(teacher.neg()).mean().add(tf.softplus(student).mean()) as Scalar
}

/** −mean_B log D(p) in nats: ln 2 where D cannot tell. @param judged logits of D on the student's probabilities, [B, 1] */
export function persuasionLoss(tf: Tf, judged: Tensor): Scalar {
  return tf.softplus(judged.neg()).mean() as Scalar
}

/** Images averaged to the size of the job's. @param images [B, H, W, C] no smaller, or of just this shape */
function fitted(tf: Tf, images: Tensor, [height = 0, width = 0]: readonly number[]): Tensor {
  return images.rank === 4 ? adaptivePool(tf, images, [height, width]) : images
}

function emptyFaults({ alpha, adversarialWeight }: Params): ParamFault[] {
  if (alpha > 0 || adversarialWeight > 0) return []
  const message = 'neither soft labels nor the discriminator has a weight, so the teacher is trained for nothing'
  return [{ path: '/alpha', message, expected: 'above 0, or adversarialWeight above 0', received: '0' }]
}

function sourceFaults({ signature, sources, batchSize }: MethodJob): JobFault[] {
  const synthetic = sources[SYNTHETIC]
  if (synthetic === undefined) return []
  const at = { in: 'job', path: `/sources/${SYNTHETIC}` } as const
  if (synthetic.classes !== signature.classes) {
    const message = 'the further data set has another number of classes than data'
    return [{ ...at, message, expected: `${signature.classes} classes`, received: String(synthetic.classes) }]
  }
  const least = Math.max(synthetic.classes, batchSize)
  if (synthetic.limit !== undefined && synthetic.limit < least) {
    const message = 'the teacher learns whole batches of it, and then it needs a sample of each class'
    const expected = `at least ${least}`
    return [{ in: 'job', path: `${at.path}/limit`, message, expected, received: String(synthetic.limit) }]
  }
  if (fits(synthetic.inputShape, signature.inputShape)) return []
  const message = 'samples of the further data set cannot be brought to the shape of those of data'
  const shape = showShape(signature.inputShape)
  const expected = signature.inputShape.length === 3 ? `${shape}, or larger images with as many channels` : shape
  return [{ ...at, message, expected, received: showShape(synthetic.inputShape) }]
}

function fits(from: readonly number[], to: readonly number[]): boolean {
  if (from.length !== to.length) return false
  if (to.length !== 3) return from.every((side, axis) => side === to[axis])
  return from.every((side, axis) => (axis < 2 ? side >= (to[axis] ?? 0) : side === to[axis]))
}
