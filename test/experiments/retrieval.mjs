// Whether the embedding of a sample by one network finds the embedding of the same sample by another.

/**
 * Share of samples whose nearest embedding by the other network, by cosine, is that of the same sample; of equals the first
 * counts as the nearest.
 * @param {import('./probe.mjs').Features} one [N, D] @param {import('./probe.mjs').Features} other [N, D]
 */
export function retrieval(one, other) {
  const samples = one.shape[0] ?? 0
  if (samples === 0 || one.values.length !== other.values.length)
    throw new Error(
      `Retrieval needs embeddings of equal shape. Received ${one.shape.join('×')} and ${other.shape.join('×')}.`,
    )
  const [asked, there] = [one, other].map(rowsOfLengthOne)
  const hits = (asked ?? []).filter((row, i) => nearest(row, there ?? []) === i)
  return hits.length / samples
}

/** @param {import('./probe.mjs').Features} features @returns {Float32Array[]} a row of zeros stays so */
function rowsOfLengthOne({ shape: [samples = 0], values }) {
  const width = values.length / samples
  return Array.from({ length: samples }, (_, i) => {
    const row = values.subarray(i * width, (i + 1) * width)
    const length = Math.sqrt(row.reduce((sum, value) => sum + value ** 2, 0))
    return row.map((value) => (length === 0 ? 0 : value / length))
  })
}

/** @param {Float32Array} row @param {readonly Float32Array[]} rows */
function nearest(row, rows) {
  let [best, at] = [Number.NEGATIVE_INFINITY, -1]
  for (const [i, candidate] of rows.entries()) {
    let dot = 0
    for (let d = 0; d < row.length; d++) dot += (row[d] ?? 0) * (candidate[d] ?? 0)
    if (dot > best) [best, at] = [dot, i]
  }
  return at
}
