// Noise-contrastive estimation over the rows of a memory (Gutmann & Hyvärinen 2010; Wu et al. 2018): each sample is told
// from K others.
import type { Scalar, Tensor, Tf } from '@stillhouse/engine'

export interface NormaliserInput {
  /** [B, 1 + K], similarities divided by the temperature */
  readonly scores: Tensor
  /** N, rows of the memory. */
  readonly samples: number
}

/** log Z, Z = N · mean_{B, k} exp(scores): as if the scored rows were all rows. */
export function logNormaliser(tf: Tf, { scores, samples }: NormaliserInput): Scalar {
  return tf.logSumExp(scores).add(Math.log(samples / scores.size))
}

export interface NoiseContrastInput extends NormaliserInput {
  /** Scalar; gets no gradient from a constant */
  readonly logZ: Tensor
}

/**
 * −mean_B [log(s_0 / (s_0 + K/N)) + Σ_{k=1…K} log((K/N) / (s_k + K/N))] with s = exp(scores) / Z, the sample's own row first.
 * In logarithms, so that no exponential is taken of a large number. Equal scores give log(K + 1) + K log((K + 1) / K).
 */
export function noiseContrast(tf: Tf, { scores, logZ, samples }: NoiseContrastInput): Scalar {
  const [batch = 0, places = 0] = scores.shape
  const odds = scores.sub(logZ).sub(Math.log((places - 1) / samples))
  const [own, others] = tf.split(odds, [1, places - 1], 1) as [Tensor, Tensor]
  return tf.softplus(own.neg()).sum().add(tf.softplus(others).sum()).div(batch)
}
