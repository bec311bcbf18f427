// Prime-aware adaptive distillation: the student learns, with the teacher's features, how uncertain each match is, and
// lets what it cannot match count less.
import type {
  Architecture,
  MethodSetup,
  Ops,
  PlanMethod,
  Scalar,
  Stage,
  Tensor,
  TermMethod,
  Tf,
} from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { type AdaptedPair, type AdaptedPairs, adaptedPairs } from './shared/adapted-pairs.ts'
import { type Adapter, adapterBetween, type Shape, showShape } from './shared/adapter.ts'
import { featureWeight } from './shared/feature-weight.ts'
import type { Maths } from './shared/maths.ts'
import { sumOverPairs } from './shared/sum-over-pairs.ts'
import { tapPairFaults, tapPairs } from './shared/tap-pairs.ts'

const parameters = Type.Object(
  {
    taps: tapPairs(['penultimate'], "vectors of the teacher, and the student's vectors or maps that shall match them"),
    weight: featureWeight(1, 'of the features in both stages; the labels weigh 1'),
    plainShare: Type.Number({
      exclusiveMinimum: 0,
      exclusiveMaximum: 1,
      default: 0.5,
      description: 'share of the training in which all samples count alike; only where the method stands alone',
    }),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/**
 * Zhang et al. 2020. Stage `plain`: CE + weight · mean (f_t − f_s)². Stage `adaptive`, from there:
 * CE + weight · mean ((f_t − f_s)² / (exp(s) + 1e-6) + s) with s = BN(W f_s), [B, D], the log variance of each element of each
 * sample (eq. 5); f_s is not detached. Means over samples and elements, summed over pairs; f_s goes through a linear layer
 * where its width is not the teacher's. Layer and head are discarded. The lengths of the stages are ours.
 * In a sum: the loss of the second stage without its labels. Several teachers: layers and heads of their own, losses
 * averaged by their weights.
 */
export const pad: PlanMethod & TermMethod = {
  name: 'pad',
  title: 'Prime-aware adaptive distillation',
  summary:
    "The student matches the teacher's features and learns how uncertain each match is, so that hard outliers count less.",
  paper: {
    title: 'Prime-Aware Adaptive Distillation',
    authors: 'Zhang, Lan, Dai, Zhang, Zhang, Wang, Tong',
    venue: 'ECCV',
    year: 2020,
  },
  tasks: ['classification'],
  parameters,
  needs: { teachers: { min: 1, max: 16 }, labels: true },
  ownLabels: false,
  check: (params, job) => tapPairFaults({ pairs: (params as Params).taps, job, parameter: 'taps', adapter: toVector }),
  plan(setup) {
    const { plainShare } = setup.params as Params
    const features = featuresOf(setup)
    const heads = headsOf(setup)
    return {
      deploy: setup.student,
      stages: [
        stageOf(setup, {
          ...{ name: 'plain', share: plainShare, features, players: [] },
          loss: (step, pair) => padMatchError(step.ops, pair),
        }),
        stageOf(setup, {
          ...{ name: 'adaptive', share: 1 - plainShare, features, players: heads.map(playerOf) },
          loss: (step, pair, i) => adaptiveOf(step, pair, heads[i] as Head),
        }),
      ],
    }
  },
  term(setup) {
    const { weight } = setup.params as Params
    const features = featuresOf(setup)
    const heads = headsOf(setup)
    return {
      players: [...features.players, ...heads.map(playerOf)],
      loss: (step, student) => ({
        adaptive: sumOverPairs(features.of(step, student), (pair, i) => adaptiveOf(step, pair, heads[i] as Head)).mul(
          weight,
        ),
      }),
    }
  },
}

function featuresOf(setup: MethodSetup): AdaptedPairs {
  const { taps: pairs } = setup.params as Params
  return adaptedPairs(setup, { pairs, adapter: toVector })
}

/** Maps of the student are averaged over their places; a linear layer only where widths differ. */
function toVector(from: Shape, to: Shape): Adapter {
  if (to.length === 1) return adapterBetween({ from, to, projection: 'needed' })
  const expected = 'a tap of the teacher with one axis, such as penultimate'
  return { ok: false, message: 'uncertainty is learnt per element of a vector', expected, received: showShape(to) }
}

interface Head {
  readonly role: string
  readonly network: ReturnType<MethodSetup['build']>
}

/** In the order of the adapted pairs: pair by pair, teacher by teacher. */
function headsOf({ params, teachers, build }: MethodSetup): Head[] {
  return (params as Params).taps.flatMap((pair, i) =>
    teachers.map(({ shapeOf }, m) => {
      const role = `uncertainty:${i}${teachers.length > 1 ? `@${m}` : ''}`
      return { role, network: build(role, headOf(shapeOf(pair.teacher))) }
    }),
  )
}

function headOf(shape: Shape): Architecture {
  return {
    inputShape: shape,
    layers: [
      { type: 'dense', name: 'linear', inputs: ['input'], units: shape[0] ?? 0, bias: false, init: 'lecun' },
      { type: 'batchNorm', name: 'log-variance', inputs: ['linear'], momentum: 0.9, epsilon: 1e-5 },
    ],
    output: 'log-variance',
    taps: {},
  }
}

const playerOf = ({ role, network }: Head) => ({ role, variables: network.trainable })

type StepContext = Parameters<ReturnType<TermMethod['term']>['loss']>[0]

const adaptiveOf = (step: StepContext, { student, teacher }: AdaptedPair, { network }: Head) =>
  padAdaptiveLoss(step, { student, teacher, logVariance: step.train(network, student).logits })

interface StageOptions {
  readonly name: string
  readonly share: number
  readonly features: AdaptedPairs
  /** Beside the student and its linear layers. */
  readonly players: Stage['players']
  loss(step: StepContext, pair: AdaptedPair, index: number): Scalar
}

function stageOf({ student, params }: MethodSetup, { name, share, features, ...options }: StageOptions): Stage {
  const players = [{ role: 'student', variables: student.trainable }, ...features.players, ...options.players]
  return {
    name,
    share,
    players,
    updates: [
      {
        kind: 'gradient',
        name,
        trains: players.map(({ role }) => role),
        loss: (step) => {
          const outputs = step.train(student)
          const sum = sumOverPairs(features.of(step, outputs), (pair, i) => options.loss(step, pair, i))
          const ce = step.ops.crossEntropy(outputs.logits, step.batch.labels)
          return { ce, [name]: sum.mul((params as Params).weight) }
        },
      },
    ],
  }
}

export interface PadMatchInput {
  /** f_s, [B, D] */
  readonly student: Tensor
  /** f_t, [B, D]; gets no gradient */
  readonly teacher: Tensor
}

/** mean (f_t − f_s)². */
export function padMatchError(ops: Pick<Ops, 'stopGradient'>, { student, teacher }: PadMatchInput): Scalar {
  return ops.stopGradient(teacher).sub(student).square().mean()
}

/** Least variance. */
const LEAST = 1e-6

export interface PadAdaptiveInput extends PadMatchInput {
  /** s, [B, D] */
  readonly logVariance: Tensor
}

/** mean ((f_t − f_s)² / (exp(s) + 1e-6) + s): least where s is the log of the squared difference. */
export function padAdaptiveLoss({ tf, ops }: Maths, { student, teacher, logVariance }: PadAdaptiveInput): Scalar {
  const squares = ops.stopGradient(teacher).sub(student).square()
  return squares.div(varianceOf(tf, logVariance)).add(logVariance).mean()
}

const varianceOf = (tf: Tf, logVariance: Tensor) => tf.exp(logVariance).add(LEAST)
