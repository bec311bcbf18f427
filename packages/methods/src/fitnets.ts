// FitNets: the lower part of the student first learns to reproduce a middle layer of the teacher, then all of it learns
// from the teacher's probabilities. In a sum of methods the hint is one loss among others.
import type { MethodSetup, Ops, PlanMethod, Scalar, Stage, Tensor, TermMethod, Variable } from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { type AdaptedPairs, adaptedPairs } from './shared/adapted-pairs.ts'
import { type Adapter, adapterBetween, type Shape, showShape } from './shared/adapter.ts'
import { averageTeachers } from './shared/kd-loss.ts'
import { linearAnneal } from './shared/linear-anneal.ts'
import { softCrossEntropy } from './shared/soft-cross-entropy.ts'
import { sumOverPairs } from './shared/sum-over-pairs.ts'
import { tapPairFaults, tapPairs } from './shared/tap-pairs.ts'

const parameters = Type.Object(
  {
    taps: tapPairs(['stage2'], 'guided layers of the student and hint layers of the teacher'),
    regressor: Type.Enum(['conv', 'conv-bn', 'none'], {
      default: 'conv',
      description:
        'what leads from guided to hint layer: a 1×1 convolution (dense for vectors), the same with batch norm, or nothing',
    }),
    reduction: Type.Enum(['sum', 'mean'], {
      default: 'sum',
      description: 'of the squared differences within a sample in the hint stage; means stay small whatever the map',
    }),
    hintShare: Type.Number({
      exclusiveMinimum: 0,
      exclusiveMaximum: 1,
      default: 0.4,
      description: 'share of the training that the hint stage takes; only where the method stands alone',
    }),
    temperature: Type.Number({
      exclusiveMinimum: 0,
      maximum: 100,
      default: 3,
      description: 'softens the probabilities of teacher and student; only where the method stands alone',
    }),
    lambdaStart: Type.Number({
      minimum: 0,
      maximum: 1000,
      default: 4,
      description: "weight of the teacher's probabilities as the second stage begins",
    }),
    lambdaEnd: Type.Number({
      minimum: 0,
      maximum: 1000,
      default: 1,
      description: 'the same as it ends; between them the weight moves along a line',
    }),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/**
 * Romero et al. 2015. Stage `hint`: ½ ‖r(S_g) − T_h‖² (eq. 3), with S_g the guided layer of the student, T_h the hint
 * layer of the teacher and r a regressor, discarded later; only the layers up to the guided one and r train, and nothing
 * above them is run. Stage `distil`: CE(y, p_s) + λ · H(p_t^T, p_s^T) (eq. 2), λ falling linearly. T = 3 and λ from 4 to
 * 1 are our reading of the paper; the length of the first stage is ours.
 * In a sum: the mean squared difference of r(S_g) and T_h over all elements (weight 100 in the CRD authors' benchmark).
 * Several teachers: a regressor each, losses and probabilities averaged by their weights.
 */
export const fitnets: PlanMethod & TermMethod = {
  name: 'fitnets',
  title: 'FitNets',
  summary:
    'First the lower half of the student learns to reproduce a middle layer of the teacher, then the whole student is distilled.',
  paper: {
    title: 'FitNets: Hints for Thin Deep Nets',
    authors: 'Romero, Ballas, Kahou, Chassang, Gatta, Bengio',
    venue: 'ICLR',
    year: 2015,
  },
  tasks: ['classification'],
  parameters,
  needs: { teachers: { min: 1, max: 16 }, labels: true },
  ownLabels: false,
  check(params, job) {
    const { taps: pairs, regressor } = params as Params
    return tapPairFaults({ pairs, job, parameter: 'taps', adapter: regressorOf(regressor) })
  },
  plan(setup) {
    const hints = hintsOf(setup)
    return { deploy: setup.student, stages: [hintStage(setup, hints), distilStage(setup)] }
  },
  term(setup) {
    const hints = hintsOf(setup)
    return {
      players: hints.players,
      loss: (step, student) => ({ hint: sumOverPairs(hints.of(step, student), (pair) => hintError(step.ops, pair)) }),
    }
  },
}

function hintsOf(setup: MethodSetup): AdaptedPairs {
  const { taps: pairs, regressor } = setup.params as Params
  return adaptedPairs(setup, { pairs, adapter: regressorOf(regressor) })
}

function regressorOf(regressor: Params['regressor']): (from: Shape, to: Shape) => Adapter {
  if (regressor !== 'none')
    return (from, to) => adapterBetween({ from, to, projection: 'always', batchNorm: regressor === 'conv-bn' })
  return (from, to) => {
    if (showShape(from) === showShape(to)) return { ok: true, architecture: null }
    const [expected, received] = ['equal shapes, or the regressor conv', `${showShape(from)} and ${showShape(to)}`]
    return { ok: false, message: 'without a regressor these features cannot be compared', expected, received }
  }
}

function hintStage({ student, params, cut }: MethodSetup, hints: AdaptedPairs): Stage {
  const { taps, reduction, hintShare } = params as Params
  const guided = new Set<Variable>(taps.flatMap((pair) => cut(student, pair.student).trainable))
  const players = [{ role: 'student', variables: [...guided] }, ...hints.players]
  return {
    name: 'hint',
    share: hintShare,
    players,
    updates: [
      {
        kind: 'gradient',
        name: 'hint',
        trains: players.map(({ role }) => role),
        loss: (step) => ({
          hint: sumOverPairs(hints.of(step, step.train(student)), (pair) => hintLoss(step.ops, { ...pair, reduction })),
        }),
      },
    ],
  }
}

function distilStage({ tf, student, teachers, params, epochs }: MethodSetup): Stage {
  const { hintShare, temperature, lambdaStart, lambdaEnd } = params as Params
  const shares = teachers.map(({ share }) => share)
  const anneal = { from: lambdaStart, to: lambdaEnd, start: hintShare * epochs, over: (1 - hintShare) * epochs }
  return {
    name: 'distil',
    share: 1 - hintShare,
    players: [{ role: 'student', variables: student.trainable }],
    updates: [
      {
        kind: 'gradient',
        name: 'distil',
        trains: ['student'],
        loss: ({ ops, batch, epoch, train, teacher }) => {
          const { logits } = train(student)
          const given = shares.map((_, m) => teacher(m).logits)
          const target = averageTeachers(tf, { logits: given, shares, temperature })
          const soft = softCrossEntropy({ tf, ops }, { student: logits, teacher: target, temperature })
          return {
            ce: ops.crossEntropy(logits, batch.labels),
            soft: soft.mul(linearAnneal(tf, epoch, anneal)),
          }
        },
      },
    ],
  }
}

export interface HintInput {
  /** r(S_g), [B, …] */
  readonly student: Tensor
  /** T_h, the same shape; gets no gradient */
  readonly teacher: Tensor
}

/** mean_B ½ Σ (r(S_g) − T_h)², or with `mean` ½ of the mean over all elements. */
export function hintLoss(
  ops: Pick<Ops, 'stopGradient'>,
  { student, teacher, reduction }: HintInput & { readonly reduction: 'sum' | 'mean' },
): Scalar {
  const squares = student.sub(ops.stopGradient(teacher)).square()
  const whole = reduction === 'mean' ? squares.mean() : squares.sum().div(student.shape[0] ?? 1)
  return whole.mul(0.5)
}

/** The joint variant: mean over all elements of (r(S_g) − T_h)². */
export function hintError(ops: Pick<Ops, 'stopGradient'>, { student, teacher }: HintInput): Scalar {
  return student.sub(ops.stopGradient(teacher)).square().mean()
}
