// How far apart two networks are in which samples look alike to them.
import { mean } from './statistics.mjs'

/**
 * Mean over batches of ‖G_1 − G_2‖²_F / B², G the inner products of all pairs of a batch with rows of length one (Tung &
 * Mori 2019). Samples beyond the last whole batch are left out.
 * @param {import('./probe.mjs').Features} one [N, …] @param {import('./probe.mjs').Features} other [N, …], of any shape
 * @param {number} batch samples
 */
export function similarityDistance(one, other, batch) {
  const count = Math.floor((one.shape[0] ?? 0) / batch)
  const distances = Array.from({ length: count }, (_, i) => {
    const [a, b] = [one, other].map((features) => similarities(features, i * batch, batch))
    return mean((a ?? []).map((value, place) => (value - (b?.[place] ?? Number.NaN)) ** 2))
  })
  return mean(distances)
}

/** @param {import('./probe.mjs').Features} features @param {number} from @param {number} count @returns {number[]} */
function similarities({ shape: [samples = 0], values }, from, count) {
  const width = values.length / samples
  const rowOf = (/** @type {number} */ i) => values.subarray((from + i) * width, (from + i + 1) * width)
  return Array.from({ length: count }, (_, i) => {
    const products = Array.from({ length: count }, (__, j) => dot(rowOf(i), rowOf(j)))
    const length = Math.hypot(...products)
    return products.map((value) => (length === 0 ? 0 : value / length))
  }).flat()
}

/** @param {Float32Array} a @param {Float32Array} b of the same length */
function dot(a, b) {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0)
  return sum
}
