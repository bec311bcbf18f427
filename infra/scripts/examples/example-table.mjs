// What a run of the examples prints: one line each, and what went wrong below it.

/**
 * @typedef {object} Outcome
 * @property {string} name
 * @property {string} state of the job, or `refused`
 * @property {string | null} verdict
 * @property {number | null} seconds from the start of its first attempt to its end
 * @property {number | null} accuracy
 * @property {number} files downloaded, each with the sha256 that was announced
 * @property {readonly string[]} problems in words; none when all is well
 */

/** @param {Outcome} outcome */
export function isGood({ state, verdict, problems }) {
  return state === 'succeeded' && verdict === 'passed' && problems.length === 0
}

/** @param {readonly Outcome[]} outcomes */
export function exampleTable(outcomes) {
  const head = ['example', 'seconds', 'accuracy', 'verdict', 'files']
  const rows = outcomes.map(cellsOf)
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] ?? '').length)))
  const line = (/** @type {readonly string[]} */ cells) =>
    cells
      .map((cell, i) => (i === 0 || i === 3 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
  const lines = outcomes.flatMap(({ problems }, i) => [line(rows[i] ?? []), ...problems.map((what) => `    ${what}`)])
  return `\n${[line(head), ...lines].join('\n')}\n`
}

/** @param {Outcome} outcome */
function cellsOf({ name, seconds, accuracy, verdict, state, files }) {
  return [name, seconds?.toFixed(1) ?? '–', accuracy?.toFixed(4) ?? '–', verdict ?? state, String(files)]
}
