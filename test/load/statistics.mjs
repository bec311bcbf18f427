// Percentiles of many times.

/**
 * @param {readonly number[]} values at least one
 * @param {number} fraction 0..1
 * @returns {number} the smallest value that so many are not above (nearest rank)
 */
export function percentile(values, fraction) {
  if (values.length === 0) throw new Error('A percentile of no values is not defined. Expected at least one.')
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(fraction * sorted.length) - 1)] ?? Number.NaN
}

/** @param {readonly number[]} values @returns {{p50: number, p99: number, count: number}} rounded to a tenth */
export function summary(values) {
  const round = (/** @type {number} */ value) => Math.round(value * 10) / 10
  return { p50: round(percentile(values, 0.5)), p99: round(percentile(values, 0.99)), count: values.length }
}
