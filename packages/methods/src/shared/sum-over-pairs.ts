// The loss of a method that compares pairs of features: pairs are summed, teachers averaged.
import type { Scalar } from '@stillhouse/engine'
import type { AdaptedPair } from './adapted-pairs.ts'

/** Σ over pairs and teachers, each times the teacher's share. @param pairs at least one */
export function sumOverPairs(
  pairs: readonly AdaptedPair[],
  loss: (pair: AdaptedPair, index: number) => Scalar,
): Scalar {
  return pairs.map((pair, i) => loss(pair, i).mul(pair.share) as Scalar).reduce((sum, one) => sum.add(one) as Scalar)
}
