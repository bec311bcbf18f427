// Attention transfer: the student looks where the teacher looks, whatever it sees there.
import type { Scalar, Tensor, TermMethod } from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { adaptedPairs } from './shared/adapted-pairs.ts'
import { type Adapter, type Shape, showShape } from './shared/adapter.ts'
import { adaptivePool } from './shared/adaptive-pool.ts'
import { featureWeight } from './shared/feature-weight.ts'
import { l2Normalise } from './shared/l2-normalise.ts'
import type { Maths } from './shared/maths.ts'
import { sumOverPairs } from './shared/sum-over-pairs.ts'
import { tapPairFaults, tapPairs } from './shared/tap-pairs.ts'

const parameters = Type.Object(
  {
    taps: tapPairs(['stage1', 'stage2'], 'maps whose attention is compared; channels may differ'),
    weight: featureWeight(1000, 'of the attention; the labels weigh 1. In mode paper it is their beta'),
    mode: Type.Enum(['code', 'paper'], {
      default: 'code',
      description:
        "code: mean squared difference over all places, as in the authors' code; paper: half the length of the difference of each sample, at a weight of about 1000 / places",
    }),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/**
 * Zagoruyko & Komodakis 2017, activation-based: Q = vec(mean_C F²) / ‖vec(mean_C F²)‖₂, [B, H·W], summed over pairs.
 * `code`: weight · mean_{B,HW} (Q_s − Q_t)². `paper` (eq. 2): weight / 2 · mean_B ‖Q_s − Q_t‖₂. Where maps differ in size
 * the larger is average-pooled first. Losses of several teachers are averaged by their weights.
 */
export const at: TermMethod = {
  name: 'at',
  title: 'Attention transfer',
  summary: "The student's feature maps learn to be strong where the teacher's are; numbers of channels may differ.",
  paper: {
    title:
      'Paying More Attention to Attention: Improving the Performance of Convolutional Neural Networks via Attention Transfer',
    authors: 'Zagoruyko, Komodakis',
    venue: 'ICLR',
    year: 2017,
  },
  tasks: ['classification'],
  parameters,
  needs: { teachers: { min: 1, max: 16 }, labels: true },
  ownLabels: false,
  check: (params, job) => tapPairFaults({ pairs: (params as Params).taps, job, parameter: 'taps', adapter: twoMaps }),
  term(setup) {
    const { taps, weight, mode } = setup.params as Params
    const pairs = adaptedPairs(setup, { pairs: taps, adapter: twoMaps })
    return {
      loss: (step, student) => ({
        at: sumOverPairs(pairs.of(step, student), (pair) => attentionLoss(step, { ...pair, mode })).mul(weight),
      }),
    }
  },
}

/** No adapter is needed between maps; of one place there is no attention. */
function twoMaps(from: Shape, to: Shape): Adapter {
  const places = (shape: Shape) => (shape.length === 3 ? (shape[0] ?? 0) * (shape[1] ?? 0) : 0)
  if (places(from) > 1 && places(to) > 1) return { ok: true, architecture: null }
  const received = `${showShape(from)} and ${showShape(to)}`
  return { ok: false, message: 'attention is spread over places', expected: 'maps [H, W, C] of H · W > 1', received }
}

export interface AttentionInput {
  /** [B, H, W, C] */
  readonly student: Tensor
  /** [B, H', W', C']; gets no gradient */
  readonly teacher: Tensor
  readonly mode: 'code' | 'paper'
}

/** Inside the root: a length of zero has no slope. */
const EPSILON = 1e-6

/** The unweighted loss of one pair, see `at`; in mode paper with its factor 1/2. */
export function attentionLoss(maths: Maths, { student, teacher, mode }: AttentionInput): Scalar {
  const { tf, ops } = maths
  const size = [1, 2].map((axis) => Math.min(student.shape[axis] ?? 0, teacher.shape[axis] ?? 0)) as [number, number]
  const [q, target] = [student, ops.stopGradient(teacher)].map((maps) =>
    attentionOf(maths, adaptivePool(tf, maps, size)),
  ) as [Tensor, Tensor]
  const squares = q.sub(target).square()
  if (mode === 'code') return squares.mean()
  const lengths = tf.sqrt(squares.sum(-1).add(EPSILON ** 2)).sub(EPSILON)
  return lengths.mean().mul(0.5)
}

/** Q of `at`: [B, H, W, C] → [B, H·W], rows of length 1; a map of zeros stays zero. */
export function attentionOf(maths: Maths, maps: Tensor): Tensor {
  const strength = maps.square().mean(-1)
  return l2Normalise(maths, strength.reshape([maps.shape[0] ?? 0, -1]))
}
