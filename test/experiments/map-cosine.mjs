// How alike two networks' maps are, place by place and channel by channel: what aligning maps point by point raises.
import { mean } from './statistics.mjs'

/** @typedef {import('./probe.mjs').Features} Features */

/**
 * Mean over samples of the cosine between the features of two networks, all places and channels as one vector; 0 where one
 * is zero.
 * @param {Features} one [N, …] @param {Features} other of the same shape
 */
export function mapCosine(one, other) {
  if (one.shape.join() !== other.shape.join())
    throw new Error(
      `Cosines of maps need maps of one shape. Received ${one.shape.join('×')} and ${other.shape.join('×')}.`,
    )
  const samples = one.shape[0] ?? 0
  const width = one.values.length / samples
  return mean(
    Array.from({ length: samples }, (_, n) => {
      const [a, b] = [one, other].map(({ values }) => values.subarray(n * width, (n + 1) * width))
      return cosine(a ?? new Float32Array(), b ?? new Float32Array())
    }),
  )
}

/** @param {Float32Array} a @param {Float32Array} b */
function cosine(a, b) {
  const dot = (/** @type {Float32Array} */ x, /** @type {Float32Array} */ y) =>
    x.reduce((sum, value, i) => sum + value * (y[i] ?? 0), 0)
  const length = Math.sqrt(dot(a, a) * dot(b, b))
  return length === 0 ? 0 : dot(a, b) / length
}
