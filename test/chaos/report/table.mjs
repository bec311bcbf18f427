// The table of faults as text: for the terminal and, as Markdown, for the page.
import { summarise } from './summarise.mjs'

const HEAD = ['fault', 'injected', 'survived', 'jobs hit', 'outage', 'median recovery', 'worst']

/** @param {number | null} seconds */
const time = (seconds) => (seconds === null ? '–' : `${seconds.toFixed(1)} s`)

/** @param {readonly [number, number] | null} outage */
function span(outage) {
  if (outage === null || outage[1] === 0) return '–'
  return `${outage[0].toFixed(1)}–${outage[1].toFixed(1)} s`
}

/** @param {readonly import('../faults/inject-faults.mjs').FaultRecord[]} records @param {readonly string[]} kinds */
function rowsOf(records, kinds) {
  const rows = summarise(records, kinds)
  const sum = (/** @type {'injected' | 'survived' | 'heldJobs'} */ key) => rows.reduce((all, row) => all + row[key], 0)
  return [
    ...rows.map(({ kind, injected, survived, heldJobs, outage, median, worst }) => {
      return [kind, String(injected), String(survived), String(heldJobs), span(outage), time(median), time(worst)]
    }),
    ['all', String(sum('injected')), String(sum('survived')), String(sum('heldJobs')), '', '', ''],
  ]
}

/** @param {readonly import('../faults/inject-faults.mjs').FaultRecord[]} records @param {readonly string[]} kinds */
export function textTable(records, kinds) {
  const lines = [HEAD, ...rowsOf(records, kinds)]
  const widths = HEAD.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)))
  return lines
    .map((line) =>
      line
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** @param {readonly import('../faults/inject-faults.mjs').FaultRecord[]} records @param {readonly string[]} kinds */
export function markdownTable(records, kinds) {
  const row = (/** @type {readonly string[]} */ cells) => `| ${cells.join(' | ')} |`
  return [row(HEAD), `| --- |${' ---: |'.repeat(HEAD.length - 1)}`, ...rowsOf(records, kinds).map(row)].join('\n')
}
