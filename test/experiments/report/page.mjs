// docs/methods/<slug>.md: one method, from its definition, its example and the results of its runs.
import { block } from '../../bench/report/format.mjs'
import { RULES, VERDICT_RULE } from '../compare.mjs'
import { meanText, signedText, table, valueText, withError } from './numbers.mjs'
import { stripChart } from './strip-chart.mjs'

/** @typedef {import('../definition.mjs').Definition} Definition */
/** @typedef {import('../run-experiment.mjs').Result} Result */

const VERDICTS = { held: '**held**', tied: '**tied**', lost: '**lost**', reported: 'reported' }

/**
 * @param {{definition: Definition, result: Result, title: string, paper: string | null, example: string | null,
 *   tuning?: import('../tuning.mjs').TuningResult | null}} given
 *   `example` the text of its example spec
 */
export function writePage({ definition, result, title, paper, example, tuning = null }) {
  const { method, seeds } = result
  const parts = [
    '<!-- written by npm run experiments; change the definition and run it again -->',
    `# ${title} (\`${method}\`)`,
    definition.idea,
    ...(paper === null ? [] : [paper]),
    ...(example === null ? [] : [usage(method, example)]),
    '## What was tried',
    `${definition.question}\n\n${definition.setting}`,
    `Parameters: ${definition.tuned}. Both sides of a comparison have the same test samples, the same first weights of the student, the same teacher where both have a trained one, and the same number of updates; the runner refuses others.${excused(definition)}`,
    ...(tuning === null ? [] : [tuningSection(method, tuning)]),
    ...definition.metrics.map((metric) => metricSection(metric, definition, result)),
    '## What it shows',
    claims(definition, result),
    VERDICT_RULE,
    ...(definition.remarks === undefined ? [] : [definition.remarks]),
    '## Run it',
    commands(method, seeds.length),
  ]
  return `${parts.join('\n\n')}\n`
}

/** @param {string} method @param {string} example */
function usage(method, example) {
  return `## How to use it\n\n[examples/methods/${method}.yaml](../../examples/methods/${method}.yaml):\n\n\`\`\`yaml\n${example.trim()}\n\`\`\``
}

/** @param {Definition} definition */
function excused({ mustShow }) {
  const reasons = new Set(mustShow.flatMap(({ differs = {} }) => Object.values(differs)))
  return reasons.size === 0 ? '' : ` Training samples or weights differ where it is meant: ${[...reasons].join('; ')}.`
}

/** @param {string} method @param {import('../tuning.mjs').TuningResult} tuning */
function tuningSection(method, { what, metric, seeds, candidates }) {
  const shown = { percent: metric === 'validation.accuracy' }
  const rows = candidates.map(({ name, values }) => [
    name,
    ...values.map((value) => valueText(value, shown)),
    meanText(values, shown),
  ])
  const head = [what, ...seeds.map((seed) => `seed ${seed}`), 'mean ± standard error']
  const named = shown.percent ? 'accuracy, %' : 'NLL'
  return `### Tuning\n\n${capital(what)} was chosen by ${named}, on held-out training samples and other seeds than those below (\`npm run experiments -- ${method} --tune\`); the test samples had no part in it. The control was not tuned anew.\n\n${table([head, ...rows])}`
}

/** @param {Definition['metrics'][number]} metric @param {Definition} definition @param {Result} result */
function metricSection(metric, definition, { arms, seeds }) {
  const taken = definition.arms.filter(({ name }) => metric.arms?.includes(name) ?? true)
  const rows = taken.map(({ name, title }) => {
    const runs = arms.find(({ arm }) => arm === name)?.runs ?? []
    return { name: title, values: runs.map(({ metrics }) => metrics[metric.name] ?? Number.NaN) }
  })
  const head = ['', ...seeds.map((seed) => `seed ${seed}`), 'mean ± standard error']
  const body = rows.map(({ name, values }) => [
    name,
    ...values.map((value) => valueText(value, metric)),
    meanText(values, metric),
  ])
  const unit = metric.percent ? ', %' : ''
  const differ = new Set(rows.flatMap(({ values }) => values)).size > 1
  const chart = differ ? `\n\n${block(stripChart(rows, (value) => valueText(value, metric)))}` : ''
  return `### ${capital(metric.title)}${unit} (${metric.better} is better)\n\n${table([head, ...body])}${chart}`
}

/** @param {Definition} definition @param {Result} result */
function claims({ arms, metrics, mustShow }, { outcomes, seeds }) {
  const titleOf = (/** @type {string | number} */ arm) =>
    typeof arm === 'number' ? String(arm) : (arms.find(({ name }) => name === arm)?.title ?? arm)
  const lines = mustShow.map(({ claim, metric: named, of, against, rule, margin }, i) => {
    const outcome = outcomes[i]
    const metric = metrics.find(({ name }) => name === named)
    if (!outcome || !metric) throw new Error(`"${claim}" has no outcome. Run the experiment again.`)
    const every = outcome.differences.map((value) => signedText(value, metric)).join(', ')
    const centre = withError(signedText(outcome.mean, metric), outcome.standardError, metric)
    const needed = margin === undefined ? RULES[rule] : `${RULES[rule]} (${valueText(margin, metric)})`
    const unit = metric.percent ? ' in points' : ''
    return [
      `- ${VERDICTS[outcome.verdict]}: ${claim}`,
      `  - ${titleOf(of)} against ${titleOf(against)}, ${metric.title}; rule: ${needed}`,
      `  - paired differences${unit}, in favour of the first: ${every}; mean ${centre}; ahead on ${outcome.wins} of ${seeds.length} seeds${doubt(outcome)}`,
    ].join('\n')
  })
  return lines.join('\n')
}

/** @param {import('../compare.mjs').Outcome} outcome */
function doubt({ mean, standardError }) {
  if (standardError === null) return '; one seed says nothing of chance'
  return Math.abs(mean) <= 2 * standardError ? '; within two standard errors of no difference' : ''
}

/** @param {string} method @param {number} seeds */
function commands(method, seeds) {
  const lines = [
    `npm run experiments -- ${method} --seeds ${seeds}`,
    `npm run stillhouse -- submit examples/methods/${method}.yaml --wait`,
  ]
  return `\`\`\`sh\n${lines.join('\n')}\n\`\`\`\n\nEvery number above, with the hashes of samples and weights: [${method}.json](../../test/experiments/results/${method}.json). The jobs: [${method}.mjs](../../test/experiments/methods/${method}.mjs).`
}

/** @param {string} text */
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1)
