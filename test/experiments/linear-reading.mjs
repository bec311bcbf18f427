// What can be read of one network's maps in those of another: the best linear map of channels, place by place. Adapters that
// were trained beside one student cannot be compared with none beside another; this is the same for any.

/** @typedef {import('./probe.mjs').Features} Features [N, H, W, C], or [N, C]: a map of one place */

/** Of the mean diagonal; keeps channels that never vary from deciding. */
const RIDGE = 1e-6

/**
 * A level of a network with the deeper ones beside it, brought to its size by nearest neighbours, and a constant.
 * @param {readonly Features[]} levels from the level to the deepest
 * @returns {Features}
 */
export function withDeeper(levels) {
  const maps = levels.map(asMap)
  const [first] = maps
  if (first === undefined) throw new Error('A reading needs a level. Received none.')
  const [samples, height, width] = first.shape
  const channels = maps.reduce((sum, { shape }) => sum + shape[3], 1)
  const values = new Float32Array(samples * height * width * channels)
  let to = 0
  for (let n = 0; n < samples; n++)
    for (let row = 0; row < height; row++)
      for (let column = 0; column < width; column++) {
        for (const { shape, values: own } of maps) {
          const [y, x] = [Math.floor((row * shape[1]) / height), Math.floor((column * shape[2]) / width)]
          const from = ((n * shape[1] + y) * shape[2] + x) * shape[3]
          values.set(own.subarray(from, from + shape[3]), to)
          to += shape[3]
        }
        values[to++] = 1
      }
  return { shape: [samples, height, width, channels], values }
}

/**
 * Least squares from the channels of one map to those of another of the same places.
 * @param {Features} from @param {Features} to
 * @returns {(features: Features) => Features} the reading of other samples
 */
export function linearReading(from, to) {
  const [inputs, outputs] = [from.shape.at(-1) ?? 0, to.shape.at(-1) ?? 0]
  const places = from.values.length / inputs
  if (to.values.length / outputs !== places)
    throw new Error(`A reading is place by place. Received ${from.shape.join('×')} and ${to.shape.join('×')}.`)
  const square = new Float64Array(inputs * inputs)
  const mixed = new Float64Array(inputs * outputs)
  for (let place = 0; place < places; place++)
    for (let i = 0; i < inputs; i++) {
      const value = from.values[place * inputs + i] ?? 0
      if (value === 0) continue
      for (let j = 0; j <= i; j++) add(square, i * inputs + j, value * (from.values[place * inputs + j] ?? 0))
      for (let j = 0; j < outputs; j++) add(mixed, i * outputs + j, value * (to.values[place * outputs + j] ?? 0))
    }
  solve(square, mixed, inputs)
  return ({ shape, values }) => ({
    shape: [...shape.slice(0, -1), outputs],
    values: product(values, mixed, { inputs, outputs }),
  })
}

/** @param {Float64Array} values @param {number} at @param {number} value */
function add(values, at, value) {
  values[at] = (values[at] ?? 0) + value
}

/**
 * A x = b by Cholesky, in place: `b` becomes x.
 * @param {Float64Array} a [n, n], of which the lower half is read @param {Float64Array} b [n, m] @param {number} n
 */
function solve(a, b, n) {
  const m = b.length / n
  const at = (/** @type {number} */ i, /** @type {number} */ j) => a[i * n + j] ?? 0
  let trace = 0
  for (let i = 0; i < n; i++) trace += at(i, i)
  for (let i = 0; i < n; i++) add(a, i * n + i, (RIDGE * trace) / n)
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let rest = at(i, j)
      for (let k = 0; k < j; k++) rest -= at(i, k) * at(j, k)
      a[i * n + j] = i === j ? Math.sqrt(rest) : rest / at(j, j)
    }
  for (let column = 0; column < m; column++) {
    for (let i = 0; i < n; i++) {
      let rest = b[i * m + column] ?? 0
      for (let k = 0; k < i; k++) rest -= at(i, k) * (b[k * m + column] ?? 0)
      b[i * m + column] = rest / at(i, i)
    }
    for (let i = n - 1; i >= 0; i--) {
      let rest = b[i * m + column] ?? 0
      for (let k = i + 1; k < n; k++) rest -= at(k, i) * (b[k * m + column] ?? 0)
      b[i * m + column] = rest / at(i, i)
    }
  }
}

/** @param {Float32Array} values @param {Float64Array} weights @param {{inputs: number, outputs: number}} sizes */
function product(values, weights, { inputs, outputs }) {
  const places = values.length / inputs
  const found = new Float32Array(places * outputs)
  const row = new Float64Array(outputs)
  for (let place = 0; place < places; place++) {
    row.fill(0)
    for (let i = 0; i < inputs; i++) {
      const value = values[place * inputs + i] ?? 0
      for (let j = 0; j < outputs; j++) add(row, j, value * (weights[i * outputs + j] ?? 0))
    }
    found.set(row, place * outputs)
  }
  return found
}

/** @param {Features} features @returns {{shape: [number, number, number, number], values: Float32Array}} */
function asMap({ shape, values }) {
  const [samples = 0, ...rest] = shape
  const [height = 1, width = 1, channels = 0] = rest.length === 1 ? [1, 1, rest[0]] : rest
  return { shape: [samples, height, width, channels], values }
}
