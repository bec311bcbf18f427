// Where the step of part 1 spends its time.
import { barChart } from './chart.mjs'
import { block, percent } from './format.mjs'

/** @param {any} part */
export function profileSection({ profile }) {
  return [
    '### Where the time of our step goes',
    '',
    ...['live', 'cached'].flatMap((teacher) => modeLines(teacher, profile[teacher])),
  ].join('\n')
}

/** @param {string} teacher @param {any} profile */
function modeLines(teacher, { pieces, ops }) {
  const total = ops.reduce((/** @type {number} */ sum, /** @type {any} */ { ms }) => sum + ms, 0)
  const rows = ops.map(
    (/** @type {any} */ { op, count, ms }) => `| ${op} | ${count} | ${ms.toFixed(2)} | ${percent(ms / total, 1)} |`,
  )
  const bars = pieces.map((/** @type {any} */ { name, ms }) => ({
    name,
    value: Math.max(ms, 0),
    shown: `${ms.toFixed(1)} ms`,
  }))
  return [
    `Teacher ${teacher}, by pieces (each a graph of its own that ends a piece later; differences of medians):`,
    '',
    block(barChart(bars)),
    '',
    'By kernel, from TensorFlow’s own trace of the same graph in Python (sum over threads; tracing itself costs):',
    '',
    '| kernel | per step | ms | share |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ]
}
