// Whether samples of a class lie together: the vote of the nearest among samples whose class is known.

/**
 * @typedef {{features: import('./probe.mjs').Features, labels: ArrayLike<number>}} Labelled features [N, D]
 */

/**
 * Share of the queries of which the k known samples of the largest cosine vote for the right class; of classes with equally
 * many votes the one of the nearer sample.
 * @param {number} k @param {Labelled} known @param {Labelled} queries
 */
export function nearestNeighbourAccuracy(k, known, queries) {
  const [from, to] = [known, queries].map(({ features }) => unitRows(features))
  const right = (to ?? []).filter((query, i) => {
    const cosines = (from ?? []).map((row) => dot(row, query))
    return vote(nearest(cosines, k), known.labels) === queries.labels[i]
  })
  return right.length / (queries.features.shape[0] ?? 0)
}

/** @param {import('./probe.mjs').Features} features @returns {Float32Array[]} */
function unitRows({ shape: [samples = 0], values }) {
  const width = values.length / samples
  return Array.from({ length: samples }, (_, i) => {
    const row = values.subarray(i * width, (i + 1) * width)
    const length = Math.sqrt(dot(row, row))
    return length === 0 ? row : row.map((value) => value / length)
  })
}

/** @param {Float32Array} a @param {Float32Array} b */
function dot(a, b) {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0)
  return sum
}

/** Places of the k largest, the largest first. @param {readonly number[]} values @param {number} k */
function nearest(values, k) {
  /** @type {number[]} */
  const found = []
  for (const [i, value] of values.entries()) {
    if (found.length === k && value <= (values[found.at(-1) ?? 0] ?? 0)) continue
    const at = found.findIndex((place) => value > (values[place] ?? 0))
    found.splice(at < 0 ? found.length : at, 0, i)
    if (found.length > k) found.pop()
  }
  return found
}

/** @param {readonly number[]} places the nearest first @param {ArrayLike<number>} labels */
function vote(places, labels) {
  /** @type {Map<number, number>} */
  const votes = new Map()
  for (const place of places) votes.set(labels[place] ?? -1, (votes.get(labels[place] ?? -1) ?? 0) + 1)
  return [...votes].reduce((best, one) => (one[1] > best[1] ? one : best), [-1, 0])[0]
}
