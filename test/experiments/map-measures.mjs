// How a feature is like another of the same shape: metrics of methods that copy maps.

/** @typedef {import('./probe.mjs').Features} Features */

/**
 * Mean squared error as a share of the variance of what is reconstructed, about the mean over samples of each of its
 * elements: below 1 is better than that mean.
 * @param {Features} found @param {Features} target of the same shape
 */
export function reconstructionShare(found, target) {
  requireSameShape(found, target)
  const [samples = 0] = target.shape
  const each = target.values.length / samples
  const means = new Float64Array(each)
  for (const [i, value] of target.values.entries()) means[i % each] = (means[i % each] ?? 0) + value / samples
  let [error, variance] = [0, 0]
  for (const [i, value] of target.values.entries()) {
    error += ((found.values[i] ?? 0) - value) ** 2
    variance += (value - (means[i % each] ?? 0)) ** 2
  }
  return error / variance
}

/**
 * Share of the elements that are above zero in both or in neither.
 * @param {Features} one @param {Features} other of the same shape
 */
export function signAgreement(one, other) {
  requireSameShape(one, other)
  const same = one.values.reduce((count, value, i) => count + (value > 0 === (other.values[i] ?? 0) > 0 ? 1 : 0), 0)
  return same / one.values.length
}

/** @param {Features} one @param {Features} other */
function requireSameShape(one, other) {
  if (one.shape.join() === other.shape.join()) return
  throw new Error(`Features of one shape are needed. Received ${one.shape.join('×')} and ${other.shape.join('×')}.`)
}
