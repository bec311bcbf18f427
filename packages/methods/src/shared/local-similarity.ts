// The structural similarity of two maps at every place (Wang et al. 2004).
import type { Tensor, Tf } from '@stillhouse/engine'
import { type Matrix, mapSides } from './map-sides.ts'

interface SimilarityWindow {
  /** Side in places, odd; a smaller map takes the largest odd side that fits. */
  readonly window: number
  /** Standard deviation of the Gaussian in places. */
  readonly sigma: number
}

export interface LocalSimilarityInput extends SimilarityWindow {
  /** [B, H, W, C], values of a range of 1 */
  readonly s: Tensor
  /** The same shape. */
  readonly t: Tensor
  /** Exponents of the three factors. */
  readonly luminance: number
  readonly contrast: number
  readonly structure: number
}

/** (0.01 R)² and (0.03 R)² for the range R = 1. */
const C1 = 1e-4
const C2 = 9e-4

/**
 * SSIM = l^luminance · c^contrast · s^structure at every place, [B, H, W, C], at most 1: means μ, variances and covariance
 * under a Gaussian window, borders reflected; l = (2 μ_s μ_t + C1) / (μ_s² + μ_t² + C1),
 * c = (2 σ_s σ_t + C2) / (σ_s² + σ_t² + C2), s = (σ_st + C2/2) / (σ_s σ_t + C2/2). Equal exponents of c and s need no root.
 */
export function localSimilarity(tf: Tf, input: LocalSimilarityInput): Tensor {
  const { mean, variance, covariance } = moments(tf, input)
  const [spread, both] = [variance.s.add(variance.t).add(C2), covariance.mul(2).add(C2)]
  const luminance = mean.s.mul(mean.t).mul(2).add(C1).div(mean.s.square().add(mean.t.square()).add(C1))
  const first = signedPower(tf, luminance, input.luminance)
  if (input.contrast === input.structure) return first.mul(signedPower(tf, both.div(spread), input.structure))
  // no slope at a variance of zero
  const deviations = tf
    .sqrt(variance.s.add(TINY))
    .mul(tf.sqrt(variance.t.add(TINY)))
    .mul(2)
    .add(C2)
  return first
    .mul(signedPower(tf, deviations.div(spread), input.contrast))
    .mul(signedPower(tf, both.div(deviations), input.structure))
}

const TINY = 1e-8

interface Moments {
  readonly mean: { readonly s: Tensor; readonly t: Tensor }
  readonly variance: { readonly s: Tensor; readonly t: Tensor }
  readonly covariance: Tensor
}

/** Local moments of both maps: all five go through the window as channels of one. */
function moments(tf: Tf, { s, t, window, sigma }: LocalSimilarityInput): Moments {
  const [, height = 0, width = 0, channels = 0] = s.shape
  const sides = { rows: smoothing(height, { window, sigma }), columns: smoothing(width, { window, sigma }) }
  const smooth = mapSides(tf, tf.concat([s, t, s.square(), t.square(), s.mul(t)], 3), sides)
  const [meanS, meanT, squareS, squareT, product] = tf.split(
    smooth,
    [channels, channels, channels, channels, channels],
    3,
  ) as [Tensor, Tensor, Tensor, Tensor, Tensor]
  return {
    mean: { s: meanS, t: meanT },
    // rounding must not make a variance negative
    variance: { s: tf.relu(squareS.sub(meanS.square())), t: tf.relu(squareT.sub(meanT.square())) },
    covariance: product.sub(meanS.mul(meanT)),
  }
}

/** The Gaussian window at every place of a side; what lies beyond a border is the mirror image of what lies before it. */
function smoothing(side: number, { window, sigma }: SimilarityWindow): Matrix {
  const reach = (Math.min(window, side % 2 === 0 ? side - 1 : side) - 1) / 2
  const offsets = Array.from({ length: 2 * reach + 1 }, (_, i) => i - reach)
  const weights = offsets.map((offset) => Math.exp(-(offset ** 2) / (2 * sigma ** 2)))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return Array.from({ length: side }, (_, place) => {
    const row = new Array<number>(side).fill(0)
    for (const [i, offset] of offsets.entries()) {
      const mirrored = reflect(place + offset, side)
      row[mirrored] = (row[mirrored] ?? 0) + (weights[i] ?? 0) / total
    }
    return row
  })
}

function reflect(place: number, side: number): number {
  const folded = Math.abs(place)
  return folded < side ? folded : 2 * (side - 1) - folded
}

/** sign(x) · |x|^exponent: a correlation may be negative. */
function signedPower(tf: Tf, x: Tensor, exponent: number): Tensor {
  if (exponent === 1) return x
  if (exponent === 0) return tf.onesLike(x)
  return tf.sign(x).mul(tf.pow(tf.maximum(x.abs(), TINY), exponent))
}
