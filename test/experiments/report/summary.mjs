// docs/methods/README.md: all methods in one setting, and how each one's own claims came out.
import { block } from '../../bench/report/format.mjs'
import { requireFairness } from '../fairness.mjs'
import { COMMON } from '../settings.mjs'
import { mean, standardError } from '../statistics.mjs'
import { meanText, signedText, table, valueText, withError } from './numbers.mjs'
import { stripChart } from './strip-chart.mjs'

const SHOWN = { percent: true }
/** What every method is compared with. */
const CONTROL = 'none'

/**
 * @typedef {{result: import('../run-experiment.mjs').Result, definition: import('../definition.mjs').Definition}} Entry
 */

/** @param {readonly Entry[]} entries those that have results @param {readonly string[]} missing names without */
export function writeSummary(entries, missing) {
  const parts = [
    '<!-- written by npm run experiments -- --summary -->',
    '# Methods compared',
    `## One setting for all\n\n${COMMON} Differences are paired, seed by seed, with the student that had no teacher. One setting favours some methods and not others: what each was made for is tried on its own page.`,
    commonTable(entries),
    '## Claims of each method',
    claimTable(entries),
    ...(missing.length > 0 ? [`Not run yet: ${missing.join(', ')}.`] : []),
    '```sh\nnpm run experiments -- <method>\nnpm run experiments -- --summary\n```',
  ]
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

/** @param {readonly Entry[]} entries */
function commonTable(entries) {
  const control = commonOf(entries.find(({ result }) => result.method === CONTROL))
  const rows = entries.flatMap((entry) => {
    const found = commonOf(entry)
    return found === null ? [] : [{ ...entry, ...found, ...againstControl(entry, found, control) }]
  })
  if (rows.length === 0) return ''
  rows.sort((a, b) => mean(b.values) - mean(a.values))
  const head = ['method', 'seeds', 'accuracy, %', 'difference to no teacher', 'ahead on', 'remark']
  const body = rows.map(({ result, definition, values, difference, wins }) => [
    nameOf(result.method),
    String(values.length),
    meanText(values, SHOWN),
    difference,
    wins,
    definition.commonNote ?? '',
  ])
  const chart = stripChart(
    rows.map(({ result, values }) => ({ name: result.method, values })),
    (value) => valueText(value, SHOWN),
  )
  return `${table([head, ...body])}\n\n${block(chart)}`
}

/** @param {Entry | undefined} entry */
function commonOf(entry) {
  const runs = entry?.result.common
  if (!runs) return null
  return { runs, values: runs.map(({ metrics }) => metrics['accuracy'] ?? Number.NaN) }
}

/** @param {Entry} entry @param {NonNullable<ReturnType<typeof commonOf>>} found @param {ReturnType<typeof commonOf>} control */
function againstControl({ result: { method }, definition }, { runs, values }, control) {
  if (control === null || method === CONTROL) return { difference: '', wins: '' }
  const both = runs.slice(0, control.runs.length)
  const differences = both.map(({ footing }, i) => {
    const other = /** @type {typeof runs[number]} */ (control.runs[i])
    requireFairness(
      `${method} in the common setting`,
      [method, footing],
      [CONTROL, other.footing],
      definition.commonDiffers,
    )
    return (values[i] ?? Number.NaN) - (control.values[i] ?? Number.NaN)
  })
  const wins = differences.filter((value) => value > 0).length
  return {
    difference: withError(signedText(mean(differences), SHOWN), standardError(differences), SHOWN),
    wins: `${wins} of ${differences.length}`,
  }
}

/** @param {readonly Entry[]} entries */
function claimTable(entries) {
  const rows = entries.flatMap(({ result, definition }) =>
    definition.mustShow.flatMap(({ claim, rule }, i) => {
      const verdict = result.outcomes[i]?.verdict
      return verdict === undefined || rule === 'report' ? [] : [[nameOf(result.method), claim, verdict]]
    }),
  )
  return rows.length === 0 ? '' : table([['method', 'claim', 'verdict'], ...rows])
}

/** @param {string} method */
const nameOf = (method) => (method === CONTROL ? 'no teacher' : `[${method}](${method}.md)`)
