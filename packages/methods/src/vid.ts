// Variational information distillation: the student's features shall tell what the teacher's are, as far as a learnt
// Gaussian per channel says that they can.
import type {
  Architecture,
  LayerSpec,
  MethodSetup,
  Player,
  Scalar,
  Tensor,
  TermMethod,
  Tf,
  Variable,
} from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { adaptedPairs } from './shared/adapted-pairs.ts'
import { type Adapter, adapterBetween, type Shape } from './shared/adapter.ts'
import { featureWeight } from './shared/feature-weight.ts'
import type { Maths } from './shared/maths.ts'
import { sumOverPairs } from './shared/sum-over-pairs.ts'
import { tapPairFaults, tapPairs } from './shared/tap-pairs.ts'

const parameters = Type.Object(
  {
    taps: tapPairs(
      ['stage2'],
      'features of the teacher that are predicted, and those of the student that predict them',
    ),
    weight: featureWeight(1, 'of the negative log-likelihood; the labels weigh 1'),
    initialVariance: Type.Number({
      minimum: 1e-3,
      maximum: 1000,
      default: 5,
      description: 'of every channel, before it is learnt',
    }),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/**
 * Ahn et al. 2019, eqs. 5 and 6: weight · mean ½ ((T − μ(S))² / v_c + log v_c), mean over samples, places and channels,
 * summed over pairs. μ: three 1×1 convolutions (dense layers for vectors) as wide as the teacher's feature, ReLU between,
 * no bias, after bringing a map to the teacher's size. v_c = softplus(ρ_c) + 1e-5 per channel of the teacher; ρ and μ are
 * trained beside the student and discarded. The loss may be negative. Three layers and v = 5 are those of the CRD authors'
 * benchmark. Losses of several teachers are averaged by their weights, each with a μ and v of its own.
 */
export const vid: TermMethod = {
  name: 'vid',
  title: 'Variational information distillation',
  summary:
    "The student's features predict the teacher's, with a variance learnt per channel, so that what cannot be predicted counts less.",
  paper: {
    title: 'Variational Information Distillation for Knowledge Transfer',
    authors: 'Ahn, Hu, Damianou, Lawrence, Dai',
    venue: 'CVPR',
    year: 2019,
  },
  tasks: ['classification'],
  parameters,
  needs: { teachers: { min: 1, max: 16 }, labels: true },
  ownLabels: false,
  check: (params, job) =>
    tapPairFaults({ pairs: (params as Params).taps, job, parameter: 'taps', adapter: regressorBetween }),
  term(setup) {
    const { taps, weight } = setup.params as Params
    const pairs = adaptedPairs(setup, { pairs: taps, adapter: regressorBetween })
    const variances = varianceVariables(setup)
    return {
      players: [...pairs.players, ...variances.map(playerOf)],
      loss: (step, student) => ({
        vid: sumOverPairs(pairs.of(step, student), ({ student: mean, teacher }, i) =>
          gaussianLoss(step, { mean, teacher, variance: varianceOf(step.tf, variances[i]?.rho as Variable) }),
        ).mul(weight),
      }),
    }
  },
}

interface NamedVariance {
  readonly role: string
  readonly rho: Variable
}

/** In the order of the adapted pairs: pair by pair, teacher by teacher. */
function varianceVariables({ tf, params, teachers, state }: MethodSetup): NamedVariance[] {
  const { taps, initialVariance } = params as Params
  return taps.flatMap((pair, i) =>
    teachers.map((teacher, m) => {
      const role = `variance:${i}${teachers.length > 1 ? `@${m}` : ''}`
      const channels = teacher.shapeOf(pair.teacher).at(-1) ?? 0
      const initial = tf.fill([channels], Math.log(Math.expm1(initialVariance - LEAST)))
      return { role, rho: state(role, initial, { trainable: true }) }
    }),
  )
}

const playerOf = ({ role, rho }: NamedVariance): Player => ({ role, variables: [rho] })

/** μ of `vid`. The resizing is that of every adapter; the three layers take the place of its one. */
function regressorBetween(from: Shape, to: Shape): Adapter {
  const whole = adapterBetween({ from, to, projection: 'needed' })
  if (!whole.ok) return whole
  const pooled = to.length === 1 ? from.slice(-1) : [...to.slice(0, -1), from.at(-1) ?? 0]
  const resized = adapterBetween({ from, to: pooled, projection: 'needed' })
  if (!resized.ok) return resized
  const before = resized.architecture?.layers ?? []
  const layers = [...before, ...regressor(before.at(-1)?.name ?? 'input', to)]
  return { ok: true, architecture: { inputShape: from, layers, output: 'mean', taps: {} } satisfies Architecture }
}

function regressor(input: string, to: Shape): LayerSpec[] {
  const width = to.at(-1) ?? 0
  const linear = (name: string, from: string): LayerSpec => {
    const place = { name, inputs: [from], bias: false, init: 'he' } as const
    if (to.length === 1) return { ...place, type: 'dense', units: width }
    return { ...place, type: 'conv2d', filters: width, kernel: 1, stride: 1, padding: 'same' }
  }
  const relu = (name: string, from: string): LayerSpec => ({
    ...{ type: 'activation', name, inputs: [from] },
    activation: 'relu',
  })
  return [
    linear('first', input),
    relu('first-relu', 'first'),
    linear('second', 'first-relu'),
    relu('second-relu', 'second'),
    linear('mean', 'second-relu'),
  ]
}

/** Least variance. */
const LEAST = 1e-5

/** v = softplus(ρ) + 1e-5. @param rho [C] */
export function varianceOf(tf: Tf, rho: Tensor): Tensor {
  return tf.softplus(rho).add(LEAST)
}

export interface GaussianInput {
  /** μ(S), [B, …, C] */
  readonly mean: Tensor
  /** T, the same shape; gets no gradient */
  readonly teacher: Tensor
  /** v, [C], > 0 */
  readonly variance: Tensor
}

/** mean ½ ((T − μ)² / v_c + log v_c): the negative log-likelihood without its constant. */
export function gaussianLoss({ tf, ops }: Maths, { mean, teacher, variance }: GaussianInput): Scalar {
  const squares = mean.sub(ops.stopGradient(teacher)).square()
  return squares.div(variance).add(tf.log(variance)).mean().mul(0.5)
}
