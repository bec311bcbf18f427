// Structural distillation: feature maps shall agree with the teacher's in local mean, contrast and correlation, so that
// neighbouring places count together.
import type { Scalar, Tensor, TermMethod } from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { adaptedPairs } from './shared/adapted-pairs.ts'
import { type Adapter, adapterBetween, type Shape, showShape } from './shared/adapter.ts'
import { featureWeight } from './shared/feature-weight.ts'
import { localSimilarity } from './shared/local-similarity.ts'
import type { Maths } from './shared/maths.ts'
import { normaliseRange } from './shared/normalise-range.ts'
import { sumOverPairs } from './shared/sum-over-pairs.ts'
import { tapPairFaults, tapPairs } from './shared/tap-pairs.ts'

const exponent = (of: string) =>
  Type.Number({ minimum: 0, maximum: 8, default: 1, description: `ssim: exponent of the ${of}; 0 leaves it out` })

const parameters = Type.Object(
  {
    taps: tapPairs(['stage2'], 'maps that are compared'),
    featureLoss: Type.Enum(['ssim', 'l1', 'l2'], {
      default: 'ssim',
      description:
        'how maps are compared; l1 and l2 are means of absolute and squared differences of the maps as they are',
    }),
    weight: featureWeight(2, 'of the feature loss; the labels weigh 1. What is best differs by loss'),
    adapter: Type.Enum(['needed', 'always', 'none'], {
      default: 'needed',
      description: "1×1 convolution on the student's map: where channels differ, always, or never",
    }),
    normalise: Type.Enum(['sample', 'channel', 'none'], {
      default: 'sample',
      description:
        'ssim: moves both maps to 0 … 1 by least and greatest value, of a sample or of each of its channels, or not at all',
    }),
    minRange: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1,
      default: 0.01,
      description: 'ssim: least range to divide by; a map that hardly varies is not blown up',
    }),
    window: Type.Integer({
      minimum: 1,
      maximum: 63,
      default: 11,
      description: 'ssim: side of the window in places; of a smaller map the largest odd side that fits',
    }),
    sigma: Type.Number({
      exclusiveMinimum: 0,
      maximum: 32,
      default: 1.5,
      description: 'ssim: standard deviation of the Gaussian window in places',
    }),
    luminance: exponent('mean'),
    contrast: exponent('contrast'),
    structure: exponent('correlation'),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/**
 * De Rijk et al. 2022: weight · mean_{B,H,W,C} (1 − SSIM) / 2 between the maps of student (through an adapter) and
 * teacher, each moved to [0, 1] first, summed over pairs; SSIM as in `localSimilarity`. The paper takes weights of 2 and
 * 4. That least and greatest value are those of a sample, and are constants in the gradient, is our reading of the paper;
 * the least range of 0.01 is ours. With `l1` and `l2` the maps are compared place by place, as they are; their values are
 * of another order, so the best weight is another too. Losses of several teachers are averaged by their weights, each
 * with an adapter of its own.
 */
export const ssim: TermMethod = {
  name: 'ssim',
  title: 'Structural distillation',
  summary: "Feature maps agree with the teacher's in local mean, contrast and correlation, instead of value by value.",
  paper: {
    title: 'Structural Knowledge Distillation for Object Detection',
    authors: 'de Rijk, Schneider, Cordts, Gavrila',
    venue: 'NeurIPS',
    year: 2022,
  },
  tasks: ['classification'],
  parameters,
  needs: { teachers: { min: 1, max: 16 }, labels: true },
  ownLabels: false,
  check(params, job) {
    const given = params as Params
    const adapter = adapterOf(given)
    const even = given.window % 2 === 0
    const expected = 'an odd number: a window has a middle'
    return [
      ...tapPairFaults({ pairs: given.taps, job, parameter: 'taps', adapter }),
      ...(even ? [{ path: '/window', message: 'is even', expected, received: String(given.window) }] : []),
    ]
  },
  term(setup) {
    const given = setup.params as Params
    const pairs = adaptedPairs(setup, { pairs: given.taps, adapter: adapterOf(given) })
    return {
      players: pairs.players,
      loss: (step, student) => ({
        [given.featureLoss]: sumOverPairs(pairs.of(step, student), (pair) =>
          featureLoss(step, { ...given, ...pair }),
        ).mul(given.weight),
      }),
    }
  },
}

function adapterOf({ adapter }: Params): (from: Shape, to: Shape) => Adapter {
  return (from, to) => {
    const received = `${showShape(from)} and ${showShape(to)}`
    if (from.length !== 3 || to.length !== 3)
      return { ok: false, message: 'only maps have a structure', expected: 'two maps [H, W, C]', received }
    if (adapter !== 'none') return adapterBetween({ from, to, projection: adapter })
    if (showShape(from) === showShape(to)) return { ok: true, architecture: null }
    const message = 'without an adapter these maps cannot be compared'
    return { ok: false, message, expected: 'equal shapes, or the adapter needed', received }
  }
}

export interface FeatureLossInput extends Omit<Params, 'taps' | 'weight' | 'adapter'> {
  /** [B, H, W, C] */
  readonly student: Tensor
  /** [B, H, W, C]; gets no gradient */
  readonly teacher: Tensor
}

/** The unweighted loss of one pair, see `ssim`. */
export function featureLoss(maths: Maths, input: FeatureLossInput): Scalar {
  const { student } = input
  const teacher = maths.ops.stopGradient(input.teacher)
  if (input.featureLoss === 'l1') return student.sub(teacher).abs().mean()
  if (input.featureLoss === 'l2') return student.sub(teacher).square().mean()
  const { normalise: range, minRange } = input
  const [s, t] = [student, teacher].map((maps) =>
    range === 'none' ? maps : normaliseRange(maths, maps, { range, minRange }),
  ) as [Tensor, Tensor]
  const similarity = localSimilarity(maths.tf, { ...input, s, t })
  return maths.tf.sub(1, similarity.mean()).mul(0.5)
}
