// Similarity-preserving distillation: samples that look alike to the teacher shall look alike to the student.
import type { Scalar, Tensor, TermMethod } from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { adaptedPairs } from './shared/adapted-pairs.ts'
import type { Adapter } from './shared/adapter.ts'
import { featureWeight } from './shared/feature-weight.ts'
import { l2Normalise } from './shared/l2-normalise.ts'
import type { Maths } from './shared/maths.ts'
import { sumOverPairs } from './shared/sum-over-pairs.ts'
import { tapPairFaults, tapPairs } from './shared/tap-pairs.ts'

const parameters = Type.Object(
  {
    taps: tapPairs(
      ['stage2'],
      'features in which samples are compared, of any shape; the paper takes the last map of each network',
    ),
    weight: featureWeight(3000, 'of the similarities; the labels weigh 1'),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/** Any two features will do: what is compared are the samples of a batch. */
const asTheyAre = (): Adapter => ({ ok: true, architecture: null })

/**
 * Tung & Mori 2019, eqs. 1 to 4: f [B, D] flattened, G = f fᵀ with rows of length 1, weight · ‖G_s − G_t‖²_F / B², summed
 * over pairs. The batch is part of the loss: in smaller ones fewer samples are compared. 3000 is the paper's γ.
 * Losses of several teachers are averaged by their weights.
 */
export const sp: TermMethod = {
  name: 'sp',
  title: 'Similarity-preserving distillation',
  summary:
    'Samples of a batch that are alike to the teacher become alike to the student; features may differ in shape.',
  paper: {
    title: 'Similarity-Preserving Knowledge Distillation',
    authors: 'Tung, Mori',
    venue: 'ICCV',
    year: 2019,
  },
  tasks: ['classification'],
  parameters,
  needs: { teachers: { min: 1, max: 16 }, labels: true, batchSize: 2 },
  ownLabels: false,
  check: (params, job) => tapPairFaults({ pairs: (params as Params).taps, job, parameter: 'taps', adapter: asTheyAre }),
  term(setup) {
    const { taps, weight } = setup.params as Params
    const pairs = adaptedPairs(setup, { pairs: taps, adapter: asTheyAre })
    return {
      loss: (step, student) => ({
        sp: sumOverPairs(pairs.of(step, student), (pair) => similarityLoss(step, pair)).mul(weight),
      }),
    }
  },
}

export interface SimilarityInput {
  /** [B, …] */
  readonly student: Tensor
  /** [B, …] of any shape; gets no gradient */
  readonly teacher: Tensor
}

/** ‖G_s − G_t‖²_F / B²; zero in a batch of one. */
export function similarityLoss(maths: Maths, { student, teacher }: SimilarityInput): Scalar {
  const target = similaritiesOf(maths, maths.ops.stopGradient(teacher))
  return similaritiesOf(maths, student).sub(target).square().mean()
}

/** G of `sp`, [B, …] → [B, B]; the row of a sample whose feature is zero is zero. */
export function similaritiesOf(maths: Maths, features: Tensor): Tensor {
  const flat = features.reshape([features.shape[0] ?? 0, -1])
  return l2Normalise(maths, maths.tf.matMul(flat, flat, false, true))
}
