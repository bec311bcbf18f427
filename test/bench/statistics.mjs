// The few statistics that the benchmark reports. Apart from it, so that they can be tested.

/**
 * @param {readonly number[]} values at least one
 * @returns {number} the middle one, or the mean of the two in the middle
 */
export function median(values) {
  if (values.length === 0) throw new Error('The median of no values is not defined. Expected at least one.')
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/** @typedef {{median: number, min: number, max: number}} Spread */

/**
 * @param {readonly number[]} values at least one
 * @returns {Spread}
 */
export function spread(values) {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) }
}

/**
 * How many times as long the others took, round by round: what disturbed a round disturbed both sides of its ratio.
 * @param {readonly number[]} theirs one value per round
 * @param {readonly number[]} ours of the same rounds
 * @returns {Spread} of theirs / ours
 */
export function ratios(theirs, ours) {
  if (theirs.length !== ours.length)
    throw new Error(`Ratios need the same rounds on both sides. Received ${theirs.length} and ${ours.length}.`)
  return spread(theirs.map((value, round) => value / (ours[round] ?? Number.NaN)))
}

/**
 * Least squares line through points.
 * @param {readonly (readonly [x: number, y: number])[]} points at least two, with different x
 * @returns {{slope: number, intercept: number}}
 */
export function fitLine(points) {
  const n = points.length
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / n
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / n
  const spreadX = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  if (!(spreadX > 0)) throw new Error(`A line needs points with different x. Received ${n} points.`)
  const slope = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spreadX
  return { slope, intercept: meanY - slope * meanX }
}
