// Progressive knowledge teaching: teacher and student learn together, and every step of the teacher stays near what the
// student can follow.
import type {
  GradientUpdate,
  HostContext,
  MethodSetup,
  Network,
  Ops,
  PlanMethod,
  Scalar,
  StateUpdate,
  StepContext,
  Tensor,
  Tf,
  Variable,
} from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { zeroHead } from './shared/zero-head.ts'

const parameters = Type.Object(
  {
    form: Type.Enum(['projection', 'constrained'], {
      default: 'projection',
      description: 'how the teacher is held back: by a fixed weight, or by a bound on its distance from the student',
    }),
    lambda: Type.Number({
      minimum: 0,
      maximum: 1,
      default: 0.4,
      description: 'projection: weight of the student in the loss of the teacher; the labels weigh 1 − lambda',
    }),
    bound: Type.Number({
      minimum: 0,
      maximum: 1000,
      default: 1,
      description: 'constrained: how far, in nats, the teacher may be from the student',
    }),
    multiplier: Type.Number({
      minimum: 0,
      maximum: 1000,
      default: 1,
      description: 'constrained: weight of the bound as the training begins',
    }),
    multiplierRate: Type.Number({
      minimum: 0,
      maximum: 100,
      default: 0.001,
      description: 'constrained: how much of what is above or below the bound is added to that weight at every step',
    }),
    temperature: Type.Number({
      exclusiveMinimum: 0,
      maximum: 100,
      default: 1,
      description: 'softens both distributions in both losses',
    }),
    labelWeight: Type.Number({
      minimum: 0,
      maximum: 1000,
      default: 0,
      description: 'of the labels in the loss of the student; the paper has none, the teacher weighs 1',
    }),
    zeroHeads: Type.Boolean({
      default: true,
      description: 'the last layers of both networks begin at zero, so that both begin with equal probabilities',
    }),
    teacherOptimizer: Type.Optional(
      Type.Object(
        {
          name: Type.Enum(['sgd', 'adam', 'adamw', 'rmsprop'], { default: 'adam' }),
          learningRate: Type.Number({ exclusiveMinimum: 0, maximum: 100, default: 0.001 }),
          momentum: Type.Optional(Type.Number({ minimum: 0, exclusiveMaximum: 1, description: 'sgd, rmsprop' })),
          weightDecay: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
          clipNorm: Type.Optional(Type.Number({ exclusiveMinimum: 0, description: 'global gradient norm limit' })),
        },
        {
          additionalProperties: false,
          description: 'optimiser of the teacher; default: the same as that of the student, train.optimizer',
        },
      ),
    ),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/**
 * Shi et al. 2021, two updates in each step. Teacher: (1 − λ) · CE(y, z_t) + λ · KL(p_s ‖ p_t) with p_s of the student as it
 * is, a constant. Student: KL(p_t ‖ p_s) with p_t of the teacher as it has just become, a constant. What is constant is
 * taken in inference mode. λ = 0.4, T = 1 and no labels for the student are the authors' for text; for images they are our
 * reading of the paper. At T both KL have the factor T².
 * Constrained form: CE + μ · (KL − ε), then μ ← max(0, μ + rate · (KL − ε)) with the KL of the teacher after its step.
 * Teacher and student have optimisers of their own. The teacher begins untrained: a converged one could only get worse.
 */
export const prokt: PlanMethod = {
  name: 'prokt',
  title: 'Progressive knowledge teaching',
  summary: 'Teacher and student train together: the teacher moves in steps small enough for the student to follow.',
  paper: {
    title: 'Follow Your Path: A Progressive Method for Knowledge Distillation',
    authors: 'Shi, Song, Zhou, Li, Li',
    venue: 'ECML PKDD',
    year: 2021,
  },
  tasks: ['classification'],
  parameters,
  needs: { teachers: { min: 1, max: 1 }, trainableTeachers: true, labels: true },
  plan(setup) {
    const params = setup.params as Params
    const { student } = setup
    const teacher = teacherOf(setup)
    const pair = { student, teacher, params }
    return {
      deploy: student,
      also: { teacher },
      stages: [
        {
          name: 'together',
          share: 1,
          players: [
            { role: student.role, variables: student.trainable },
            {
              role: teacher.role,
              variables: teacher.trainable,
              ...(params.teacherOptimizer && { optimizer: params.teacherOptimizer }),
            },
          ],
          updates: [...teacherUpdates(setup, pair), studentUpdate(pair)],
          evaluate: [student, teacher],
          ...(params.zeroHeads && { begin: (_: HostContext) => [student, teacher].forEach(zeroHead) }),
        },
      ],
    }
  },
}

interface Pair {
  readonly student: Network
  readonly teacher: Network
  readonly params: Params
}

function teacherOf({ teachers }: MethodSetup): Network {
  const network = teachers[0]?.network
  if (network) return network
  throw new Error('The method prokt trains its teacher. Expected a network; received none that can run in a step.')
}

function teacherUpdates({ tf, state }: MethodSetup, pair: Pair): (GradientUpdate | StateUpdate)[] {
  const { form, multiplier } = pair.params
  if (form === 'projection') return [teacherUpdate(pair, null)]
  const weight = state('multiplier', tf.scalar(multiplier))
  return [teacherUpdate(pair, weight), multiplierUpdate(pair, weight)]
}

function teacherUpdate({ student, teacher, params }: Pair, multiplier: Variable | null): GradientUpdate {
  return {
    kind: 'gradient',
    name: 'teacher',
    trains: [teacher.role],
    loss: ({ ops, batch, infer, train }) => {
      const given = {
        ...params,
        teacher: train(teacher).logits,
        student: infer(student).logits,
        labels: batch.labels,
      }
      return multiplier === null ? projectedLoss(ops, given) : constrainedLoss(ops, { ...given, multiplier })
    },
  }
}

function multiplierUpdate({ student, teacher, params }: Pair, multiplier: Variable): StateUpdate {
  return {
    kind: 'state',
    name: 'multiplier',
    changes: [multiplier],
    run: ({ tf, ops, infer }: StepContext) => {
      const distance = ops.distillation(infer(teacher).logits, infer(student).logits, params.temperature)
      const next = nextMultiplier(tf, { ...params, multiplier, distance })
      multiplier.assign(next)
      return { distance, multiplier: next }
    },
  }
}

function studentUpdate({ student, teacher, params }: Pair): GradientUpdate {
  return {
    kind: 'gradient',
    name: 'student',
    trains: [student.role],
    loss: ({ ops, batch, infer, train }) =>
      followingLoss(ops, {
        ...params,
        student: train(student).logits,
        teacher: infer(teacher).logits,
        labels: batch.labels,
      }),
  }
}

interface BothLogits {
  /** [B, K] logits */
  readonly student: Tensor
  /** [B, K] logits */
  readonly teacher: Tensor
  /** [B] int32, or probabilities [B, K] */
  readonly labels: Tensor
  /** T > 0 */
  readonly temperature: number
}

/** The teacher's loss: (1 − λ) · CE(y, z_t) and λ · T² · KL(p_s ‖ p_t), a part of weight 0 left out; p_s gets no gradient. */
export function projectedLoss(
  ops: Ops,
  { student, teacher, labels, temperature, lambda }: BothLogits & { readonly lambda: number },
): Readonly<Record<string, Scalar>> {
  return {
    ...(lambda < 1 && { ce: ops.crossEntropy(teacher, labels).mul(1 - lambda) }),
    ...(lambda > 0 && { student: ops.distillation(teacher, student, temperature).mul(lambda) }),
  }
}

export interface Bounded extends BothLogits {
  readonly bound: number
  /** μ, a scalar; gets no gradient */
  readonly multiplier: Tensor
}

/** The teacher's loss in the constrained form: CE(y, z_t) and μ · (T² · KL(p_s ‖ p_t) − ε). */
export function constrainedLoss(
  ops: Ops,
  { student, teacher, labels, temperature, bound, multiplier }: Bounded,
): Readonly<Record<string, Scalar>> {
  const excess = ops.distillation(teacher, student, temperature).sub(bound)
  return { ce: ops.crossEntropy(teacher, labels), student: excess.mul(ops.stopGradient(multiplier)) as Scalar }
}

export interface NextMultiplier {
  /** μ, a scalar */
  readonly multiplier: Tensor
  /** KL between student and teacher, a scalar in nats */
  readonly distance: Tensor
  readonly bound: number
  readonly multiplierRate: number
}

/** max(0, μ + rate · (KL − ε)), a scalar. */
export function nextMultiplier(tf: Tf, { multiplier, distance, bound, multiplierRate }: NextMultiplier): Scalar {
  return tf.relu(multiplier.add(distance.sub(bound).mul(multiplierRate))) as Scalar
}

/** The student's loss: T² · KL(p_t ‖ p_s), and with a weight CE(y, z_s); p_t gets no gradient. */
export function followingLoss(
  ops: Ops,
  { student, teacher, labels, temperature, labelWeight }: BothLogits & { readonly labelWeight: number },
): Readonly<Record<string, Scalar>> {
  return {
    ...(labelWeight > 0 && { ce: ops.crossEntropy(student, labels).mul(labelWeight) }),
    teacher: ops.distillation(student, teacher, temperature),
  }
}
