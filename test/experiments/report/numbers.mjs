// Numbers as the pages show them.
import { mean, standardError } from '../statistics.mjs'

/** @typedef {{percent?: boolean}} Shown */

/** @param {number} value @param {Shown} shown */
export function valueText(value, { percent = false }) {
  return percent ? (value * 100).toFixed(2) : digits(value)
}

/** Enough digits to tell seeds apart, whatever the size; counts as they are. @param {number} value */
function digits(value) {
  if (Number.isInteger(value)) return String(value)
  return Math.abs(value) < 0.001 ? value.toExponential(2) : value.toFixed(4)
}

/** @param {number} value @param {Shown} shown */
export function signedText(value, shown) {
  const text = valueText(Math.abs(value), shown)
  if (Number(text) === 0) return `±${text}`
  return `${value > 0 ? '+' : '−'}${text}`
}

/** Mean and standard error. @param {readonly number[]} values @param {Shown} shown */
export function meanText(values, shown) {
  return withError(valueText(mean(values), shown), standardError(values), shown)
}

/** @param {string} text @param {number | null} error @param {Shown} shown */
export function withError(text, error, shown) {
  return error === null ? text : `${text} ± ${valueText(error, shown)}`
}

/** @param {readonly (readonly string[])[]} rows the first is the head */
export function table(rows) {
  const [head = [], ...body] = rows
  const line = (/** @type {readonly string[]} */ cells) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...body.map(line)].join('\n')
}
