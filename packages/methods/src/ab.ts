// Activation boundaries: before it is trained, the student learns which neurons fire where the teacher's do, whatever
// their strength.
import type {
  MethodSetup,
  PlanMethod,
  Scalar,
  Stage,
  StepContext,
  Tensor,
  TermMethod,
  Tf,
  Variable,
} from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { type AdaptedPairs, adaptedPairs } from './shared/adapted-pairs.ts'
import { type Adapter, adapterBetween, type Shape } from './shared/adapter.ts'
import { featureWeight } from './shared/feature-weight.ts'
import { averageTeachers, kdLoss, kdParameters } from './shared/kd-loss.ts'
import type { Maths } from './shared/maths.ts'
import { shiftsOf } from './shared/shifts-of.ts'
import { sumOverPairs } from './shared/sum-over-pairs.ts'
import { tapPairFaults, tapPairs } from './shared/tap-pairs.ts'

const parameters = Type.Object(
  {
    taps: tapPairs(
      ['stage1.pre', 'stage2.pre'],
      'features before their ReLU, from the shallowest pair to the deepest; the deepest weighs 1, each before it half',
    ),
    weight: featureWeight(0.003, 'of the boundaries: a sum over all neurons needs a small one'),
    margin: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1000,
      default: 1,
      description: 'how far beyond the boundary a neuron of the student shall be',
    }),
    boundaryShare: Type.Number({
      exclusiveMinimum: 0,
      exclusiveMaximum: 1,
      default: 0.2,
      description: 'share of the training that the boundaries take; only where the method stands alone',
    }),
    temperature: kdParameters.temperature,
    alpha: Type.Number({
      minimum: 0,
      maximum: 1,
      default: 0,
      description: "weight of the teacher's probabilities in the second stage; the labels weigh 1 − alpha",
    }),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/**
 * Heo et al. 2019. Stage `boundary`: weight · Σ_i 2^(i − n) / B · Σ ([t > 0] (s − m)² [s ≤ m] + [t ≤ 0] (s + m)² [s > −m])
 * over pairs i = 1 … n, samples and neurons (eq. 5), t the teacher's feature before its ReLU, s the student's through a linear
 * layer (1×1 convolution) with batch norm, discarded later, m the margin. Only the layers up to the taps and those between
 * train, without offsets that this batch norm takes away again. Stage `train`: CE, or with alpha the loss of `kd`. Weight
 * 3 / 1000 and half as much for each pair before are those of the CRD authors' benchmark; the length of the first stage is
 * ours.
 * In a sum: the loss of the first stage. Several teachers: layers of their own, losses averaged by their weights.
 */
export const ab: PlanMethod & TermMethod = {
  name: 'ab',
  title: 'Activation boundaries',
  summary: "Before its training the student learns to have every neuron fire where the teacher's does.",
  paper: {
    title: 'Knowledge Transfer via Distillation of Activation Boundaries Formed by Hidden Neurons',
    authors: 'Heo, Lee, Yun, Choi',
    venue: 'AAAI',
    year: 2019,
  },
  tasks: ['classification'],
  parameters,
  needs: { teachers: { min: 1, max: 16 }, labels: true },
  ownLabels: false,
  check: (params, job) =>
    tapPairFaults({ pairs: (params as Params).taps, job, parameter: 'taps', adapter: connectorBetween }),
  plan(setup) {
    const connected = connectedOf(setup)
    return { deploy: setup.student, stages: [boundaryStage(setup, connected), trainStage(setup)] }
  },
  term(setup) {
    const connected = connectedOf(setup)
    return {
      players: connected.players,
      loss: (step, student) => ({ boundary: boundariesOf(step, setup, connected.of(step, student)) }),
    }
  },
}

const connectorBetween = (from: Shape, to: Shape): Adapter =>
  adapterBetween({ from, to, projection: 'always', batchNorm: true })

function connectedOf(setup: MethodSetup): AdaptedPairs {
  return adaptedPairs(setup, { pairs: (setup.params as Params).taps, adapter: connectorBetween })
}

/** The loss of `ab`'s first stage. */
function boundariesOf(
  step: StepContext,
  { params, teachers }: MethodSetup,
  features: ReturnType<AdaptedPairs['of']>,
): Scalar {
  const { taps, margin, weight } = params as Params
  // pair by pair, and in each teacher by teacher
  const share = (i: number) => 2 ** (Math.floor(i / teachers.length) - (taps.length - 1))
  return sumOverPairs(features, (pair, i) => boundaryLoss(step, { ...pair, margin }).mul(share(i))).mul(weight)
}

function boundaryStage(setup: MethodSetup, connected: AdaptedPairs): Stage {
  const { student, params, cut } = setup
  const { taps, boundaryShare } = params as Params
  const body = new Set<Variable>(taps.flatMap((pair) => cut(student, pair.student).trainable))
  const features = taps.map((pair) => pair.student)
  for (const shift of shiftsOf(setup, features)) body.delete(shift)
  const players = [{ role: 'student', variables: [...body] }, ...connected.players]
  return {
    name: 'boundary',
    share: boundaryShare,
    players,
    updates: [
      {
        kind: 'gradient',
        name: 'boundary',
        trains: players.map(({ role }) => role),
        loss: (step) => ({ boundary: boundariesOf(step, setup, connected.of(step, step.train(student))) }),
      },
    ],
  }
}

function trainStage({ tf, student, teachers, params }: MethodSetup): Stage {
  const { boundaryShare, temperature, alpha } = params as Params
  const shares = teachers.map(({ share }) => share)
  return {
    name: 'train',
    share: 1 - boundaryShare,
    players: [{ role: 'student', variables: student.trainable }],
    updates: [
      {
        kind: 'gradient',
        name: 'train',
        trains: ['student'],
        loss: (step): Record<string, Scalar> => {
          const { logits } = step.train(student)
          const { labels } = step.batch
          if (alpha === 0) return { ce: step.ops.crossEntropy(logits, labels) }
          const given = shares.map((_, m) => step.teacher(m).logits)
          const teacher = averageTeachers(tf, { logits: given, shares, temperature })
          return kdLoss(step.ops, { student: logits, teacher, labels, temperature, alpha })
        },
      },
    ],
  }
}

export interface BoundaryInput {
  /** s, [B, …] */
  readonly student: Tensor
  /** t, the same shape; gets no gradient */
  readonly teacher: Tensor
  /** m > 0 */
  readonly margin: number
}

/** 1 / B · Σ ([t > 0] max(m − s, 0)² + [t ≤ 0] max(s + m, 0)²): the unweighted loss of one pair, see `ab`. */
export function boundaryLoss({ tf, ops }: Maths, { student, teacher, margin }: BoundaryInput): Scalar {
  const side = sideOf(tf, ops.stopGradient(teacher))
  return tf
    .relu(tf.sub(margin, student.mul(side)))
    .square()
    .sum()
    .div(student.shape[0] ?? 1)
}

/** 1 where t > 0, else −1: with σ for it both cases are max(m − σ s, 0)². */
const sideOf = (tf: Tf, teacher: Tensor) => tf.cast(tf.greater(teacher, 0), 'float32').mul(2).sub(1)
