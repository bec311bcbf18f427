// Relational knowledge distillation: the student's embedding shall have the teacher's distances and angles between
// samples, up to scale, wherever it puts them.
import type { MethodJob, ParamFault, Scalar, Tensor, TermMethod, Tf } from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { adaptedPairs } from './shared/adapted-pairs.ts'
import { type Adapter, type Shape, showShape } from './shared/adapter.ts'
import { featureWeight } from './shared/feature-weight.ts'
import type { Maths } from './shared/maths.ts'
import { sumOverPairs } from './shared/sum-over-pairs.ts'
import { tapPairFaults, tapPairs } from './shared/tap-pairs.ts'

const parameters = Type.Object(
  {
    taps: tapPairs(['penultimate'], 'embeddings in which samples are compared; a map is averaged over its places'),
    distanceWeight: featureWeight(25, 'of the distances of all pairs; the labels weigh 1'),
    angleWeight: featureWeight(50, 'of the angles of all triplets; at 0 they are left out'),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/** Above it the differences of all samples of a batch take more than 256 MiB. */
const MOST_DIFFERENCES = 2 ** 26

/** Any two embeddings will do, as what is compared are the samples of a batch; but not of any width. */
function comparedIn(batchSize: number): (from: Shape, to: Shape) => Adapter {
  const most = Math.floor(MOST_DIFFERENCES / batchSize ** 2)
  return (from, to) => {
    if (Math.max(from.at(-1) ?? 0, to.at(-1) ?? 0) <= most) return { ok: true, architecture: null }
    const received = `${showShape(from)} and ${showShape(to)}`
    const expected = `embeddings of at most ${most} channels in batches of ${batchSize}`
    return { ok: false, message: 'the differences of all samples would fill the memory', expected, received }
  }
}

/**
 * Park et al. 2019, eqs. 5 to 10, with f [B, D] the embedding: D_ij = ‖f_i − f_j‖ / mean over i ≠ j, A_ijk the cosine of
 * the angle at j. distanceWeight · mean_{B²} Huber(D_s − D_t) + angleWeight · mean_{B³} Huber(A_s − A_t), Huber of δ = 1,
 * summed over pairs of taps. Weights stand as 1 to 2 as in the paper; 25 and 50 are those of the CRD authors' benchmark.
 * Losses of several teachers are averaged by their weights. Angles take B³ memory.
 */
export const rkd: TermMethod = {
  name: 'rkd',
  title: 'Relational knowledge distillation',
  summary: "Distances and angles between the samples of a batch become those of the teacher's embedding, up to scale.",
  paper: {
    title: 'Relational Knowledge Distillation',
    authors: 'Park, Kim, Lu, Cho',
    venue: 'CVPR',
    year: 2019,
  },
  tasks: ['classification'],
  parameters,
  needs: { teachers: { min: 1, max: 16 }, labels: true, batchSize: 2 },
  ownLabels: false,
  check: (params, job) => [
    ...tapPairFaults({
      pairs: (params as Params).taps,
      job,
      parameter: 'taps',
      adapter: comparedIn(job.batchSize),
    }),
    ...weightFaults(params as Params, job),
  ],
  term(setup) {
    const { taps, distanceWeight, angleWeight } = setup.params as Params
    const pairs = adaptedPairs(setup, { pairs: taps, adapter: comparedIn(setup.batchSize) })
    return {
      loss: (step, student) => {
        const found = pairs.of(step, student)
        const parts: Record<string, Scalar> = {}
        if (distanceWeight > 0)
          parts['distance'] = sumOverPairs(found, (pair) => distanceLoss(step, pair)).mul(distanceWeight)
        if (angleWeight > 0) parts['angle'] = sumOverPairs(found, (pair) => angleLoss(step, pair)).mul(angleWeight)
        return parts
      },
    }
  },
}

/** Above it one tensor of angles takes more than 64 MiB, and a step holds several. */
const MOST_FOR_ANGLES = 256

function weightFaults({ distanceWeight, angleWeight }: Params, { batchSize }: Pick<MethodJob, 'batchSize'>) {
  const faults: ParamFault[] = []
  const received = String(angleWeight)
  if (distanceWeight === 0 && angleWeight === 0)
    faults.push({
      path: '/distanceWeight',
      message: 'every weight is 0, so there is no loss',
      expected: 'above 0',
      received,
    })
  if (angleWeight > 0 && (batchSize < 3 || batchSize > MOST_FOR_ANGLES)) {
    const message = batchSize < 3 ? 'an angle needs three samples' : 'the angles of all triplets would fill the memory'
    const expected = `0, or train.batchSize from 3 to ${MOST_FOR_ANGLES}; it is ${batchSize}`
    faults.push({ path: '/angleWeight', message, expected, received })
  }
  return faults
}

export interface RelationInput {
  /** [B, D], or maps [B, H, W, D] */
  readonly student: Tensor
  /** [B, D'], or maps; gets no gradient */
  readonly teacher: Tensor
}

/** mean_{B²} Huber(D_s − D_t); zero in a batch of one. */
export function distanceLoss({ tf, ops }: Maths, { student, teacher }: RelationInput): Scalar {
  const target = relativeDistances(tf, ops.stopGradient(teacher))
  return huber(tf, relativeDistances(tf, student).sub(target))
}

/** mean_{B³} Huber(A_s − A_t); zero in batches of one and two. */
export function angleLoss(maths: Maths, { student, teacher }: RelationInput): Scalar {
  const target = anglesOf(maths, maths.ops.stopGradient(teacher))
  return huber(maths.tf, anglesOf(maths, student).sub(target))
}

/** Squared distance up to which two samples count as one: the root has no slope at zero. */
const SAME = 1e-12

/** D of `rkd`, [B, B], the mean over i ≠ j is 1. */
export function relativeDistances(tf: Tf, features: Tensor): Tensor {
  const squares = differences(tf, features).square().sum(-1)
  const size = squares.shape[0] ?? 1
  const distances = tf.sqrt(tf.maximum(squares, SAME)).mul(tf.sub(1, tf.eye(size)))
  return distances.div(tf.maximum(distances.sum().div(Math.max(1, size * (size - 1))), Math.sqrt(SAME)))
}

/**
 * A of `rkd`, [B, B, B]: at [j, i, k] the cosine of the angle at j between i and k. Zero, without gradient, where two of
 * the samples are one.
 */
export function anglesOf({ tf, ops }: Maths, features: Tensor): Tensor {
  const between = differences(tf, features)
  const squares = between.square().sum(-1, true)
  const apart = tf.cast(tf.greater(ops.stopGradient(squares), SAME), 'float32')
  const directions = between.mul(apart).div(tf.sqrt(tf.maximum(squares, SAME)))
  return tf.matMul(directions, directions, false, true)
}

/** At [j, i] the vector from j to i, [B, B, D]. Taken apart rather than by a product: far from zero it loses no digits. */
function differences(tf: Tf, features: Tensor): Tensor {
  const places = features.shape.slice(1, -1).map((_, axis) => axis + 1)
  const vectors = places.length === 0 ? features : features.mean(places)
  return tf.sub(tf.expandDims(vectors, 0), tf.expandDims(vectors, 1))
}

/** Mean of d²/2 up to |d| = 1, of |d| − 1/2 beyond. */
function huber(tf: Tf, difference: Tensor): Scalar {
  const size = difference.abs()
  const near = tf.minimum(size, 1)
  return near.mul(size.sub(near.mul(0.5))).mean()
}
