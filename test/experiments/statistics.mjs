// What an experiment says of a handful of seeds. Medians and lines, which the benchmark needs, stand in its own file.

/** @param {readonly number[]} values at least one */
export function mean(values) {
  if (values.length === 0) throw new Error('The mean of no values is not defined. Expected at least one.')
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/**
 * Standard error of the mean, s / √n with s over n − 1.
 * @param {readonly number[]} values
 * @returns {number | null} null for fewer than two, of which nothing is known
 */
export function standardError(values) {
  if (values.length < 2) return null
  const centre = mean(values)
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0)
  return Math.sqrt(squares / (values.length - 1) / values.length)
}

/**
 * Ranks from 1, equal values sharing the mean of theirs.
 * @param {ArrayLike<number>} values
 * @returns {Float64Array}
 */
export function ranks(values) {
  const order = Float64Array.from(values, (_, i) => i).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0))
  const found = new Float64Array(values.length)
  for (let from = 0; from < order.length; ) {
    let to = from + 1
    while (to < order.length && values[order[to] ?? 0] === values[order[from] ?? 0]) to++
    for (let i = from; i < to; i++) found[order[i] ?? 0] = (from + 1 + to) / 2
    from = to
  }
  return found
}

/**
 * Pearson's correlation.
 * @param {ArrayLike<number>} xs @param {ArrayLike<number>} ys of the same length
 */
function correlation(xs, ys) {
  const [mx, my] = [mean(Array.from(xs)), mean(Array.from(ys))]
  let [xy, xx, yy] = [0, 0, 0]
  for (let i = 0; i < xs.length; i++) {
    const [x, y] = [(xs[i] ?? 0) - mx, (ys[i] ?? 0) - my]
    xy += x * y
    xx += x * x
    yy += y * y
  }
  return xy / Math.sqrt(xx * yy)
}

/**
 * Spearman's rank correlation.
 * @param {ArrayLike<number>} xs @param {ArrayLike<number>} ys of the same length, at least two
 */
export function spearman(xs, ys) {
  if (xs.length !== ys.length || xs.length < 2)
    throw new Error(`A rank correlation needs pairs, at least two. Received ${xs.length} and ${ys.length} values.`)
  return correlation(ranks(xs), ranks(ys))
}
