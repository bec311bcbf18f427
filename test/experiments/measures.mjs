// Metrics that definitions share: what a job reports, and what is seen in the features of student and teacher.
import { mean, spearman } from './statistics.mjs'

/**
 * @typedef {{arm: string, metrics: Record<string, number>, evaluation: Record<string, number>,
 *   points: readonly {name: string, stage: string, step: number, value: number}[],
 *   probe: import('./probe.mjs').Probe, method: import('./method-insides.mjs').Insides}} Run one arm of one seed, as a metric
 *   sees it
 * @typedef {{name: string, title: string, better: 'higher' | 'lower', percent?: boolean, arms?: readonly string[],
 *   value: (run: Run) => number | Promise<number>}} Metric `arms`: where it is taken, default in all
 */

/** @param {string} name @param {Record<string, number>} from */
export function required(name, from) {
  const value = from[name]
  if (value !== undefined) return value
  throw new Error(`The run has no "${name}". Expected one of ${Object.keys(from).join(', ')}.`)
}

/** @type {Metric} */
export const accuracy = {
  name: 'accuracy',
  title: 'accuracy on the test samples',
  better: 'higher',
  percent: true,
  value: ({ metrics }) => required('accuracy', metrics),
}

/** @type {Metric} */
export const nll = {
  name: 'nll',
  title: 'test NLL',
  better: 'lower',
  value: ({ metrics }) => required('nll', metrics),
}

/**
 * Mean over samples of KL(softmax(target) ‖ softmax(answer)).
 * @param {import('./probe.mjs').Features} target logits @param {import('./probe.mjs').Features} answer logits
 */
export function meanDivergence(target, answer) {
  const classes = target.shape[1] ?? 0
  const rows = Array.from({ length: target.shape[0] ?? 0 }, (_, i) => {
    const [p, q] = [target, answer].map(({ values }) => logSoftmax(values.subarray(i * classes, (i + 1) * classes)))
    return (p ?? []).reduce((sum, value, k) => sum + Math.exp(value) * (value - (q?.[k] ?? 0)), 0)
  })
  return mean(rows)
}

/** @param {Float32Array} logits */
function logSoftmax(logits) {
  const most = Math.max(...logits)
  const log = most + Math.log(logits.reduce((sum, value) => sum + Math.exp(value - most), 0))
  return Array.from(logits, (value) => value - log)
}

/**
 * Mean over samples of the cosine between attention maps, Q = mean over channels of the squared map.
 * @param {import('./probe.mjs').Features} one [N, H, W, C] @param {import('./probe.mjs').Features} other of equal H and W
 */
export function attentionCosine(one, other) {
  const [a, b] = [one, other].map(attention)
  if (a?.length !== b?.length)
    throw new Error(`Attention maps need equal sides. Received ${one.shape.join('×')} and ${other.shape.join('×')}.`)
  return mean((a ?? []).map((q, i) => cosine(q, b?.[i] ?? [])))
}

/** @param {import('./probe.mjs').Features} maps @returns {number[][]} per sample, a number per place */
function attention({ shape: [samples = 0, height = 0, width = 0, channels = 0], values }) {
  const places = height * width
  return Array.from({ length: samples }, (_, n) =>
    Array.from({ length: places }, (__, place) => {
      const from = (n * places + place) * channels
      return values.subarray(from, from + channels).reduce((sum, value) => sum + value ** 2, 0) / channels
    }),
  )
}

/** @param {readonly number[]} a @param {readonly number[]} b 0 when one of them is zero */
function cosine(a, b) {
  const dot = (/** @type {readonly number[]} */ x, /** @type {readonly number[]} */ y) =>
    x.reduce((sum, value, i) => sum + value * (y[i] ?? 0), 0)
  const length = Math.sqrt(dot(a, a) * dot(b, b))
  return length === 0 ? 0 : dot(a, b) / length
}

/**
 * Spearman's correlation of the distances between all pairs of samples.
 * @param {import('./probe.mjs').Features} one [N, D] @param {import('./probe.mjs').Features} other [N, D']
 */
export function distanceCorrelation(one, other) {
  return spearman(pairDistances(one), pairDistances(other))
}

/** @param {import('./probe.mjs').Features} features @returns {Float64Array} */
function pairDistances({ shape: [samples = 0], values }) {
  const width = values.length / samples
  const found = new Float64Array((samples * (samples - 1)) / 2)
  let at = 0
  for (let i = 0; i < samples; i++)
    for (let j = i + 1; j < samples; j++) {
      let sum = 0
      for (let d = 0; d < width; d++) sum += ((values[i * width + d] ?? 0) - (values[j * width + d] ?? 0)) ** 2
      found[at++] = Math.sqrt(sum)
    }
  return found
}
