// Beta-distributed numbers, for mixup.
import type { RandomStream } from './random-stream.ts'

/**
 * One draw of Beta(alpha, alpha) as the share of one of two gamma draws. Their logarithms are compared, since for small
 * alpha both gamma draws may be too small for a number.
 */
export function drawBeta(alpha: number, random: RandomStream): number {
  return 1 / (1 + Math.exp(logGamma(alpha, random) - logGamma(alpha, random)))
}

/** Logarithm of one draw of Gamma(shape, 1): Marsaglia & Tsang 2000, of shape + 1 brought down to shape. */
function logGamma(shape: number, random: RandomStream): number {
  const d = shape + 2 / 3
  const c = 1 / Math.sqrt(9 * d)
  for (;;) {
    const x = random.normal()
    const v = (1 + c * x) ** 3
    if (v <= 0) continue
    if (Math.log(open(random)) < 0.5 * x * x + d * (1 - v + Math.log(v)))
      return Math.log(d * v) + Math.log(open(random)) / shape
  }
}

/** Uniform in (0, 1): never 0, whose logarithm is no number. */
function open(random: RandomStream): number {
  return random.uniform() + 2 ** -33
}
