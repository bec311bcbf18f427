// The rules by which an experiment is held, tied or lost. They are stated here, before any run, and printed on every page.
import { mean, standardError } from './statistics.mjs'

/**
 * @typedef {'every-seed' | 'mean' | 'mean-and-most' | 'non-inferior' | 'report'} Rule
 * @typedef {{
 *   claim: string, metric: string, of: string, against: string | number, rule: Rule, margin?: number,
 *   differs?: Readonly<Record<string, string>>,
 * }} Comparison `claim` in the words of the method's sheet; `against` another arm, or a number; `margin` for non-inferior;
 *   `differs`: parts of the two jobs that are not the same, with the reason (see fairness.mjs)
 * @typedef {'held' | 'tied' | 'lost' | 'reported'} Verdict
 * @typedef {{differences: number[], mean: number, standardError: number | null, wins: number, verdict: Verdict}} Outcome
 *   differences in favour of `of`, seed by seed
 */

/** @type {Record<Rule, string>} */
export const RULES = {
  'every-seed': 'ahead on every seed',
  mean: 'ahead in the mean',
  'mean-and-most': 'ahead in the mean and on more than half of the seeds',
  'non-inferior': 'behind by less than the margin in the mean',
  report: 'nothing is required',
}

export const VERDICT_RULE =
  'Differences are taken seed by seed and signed so that above 0 is in favour of the first. **Held**: the rule of the line is met. **Lost**: it is not met, and the mean difference is against the first by more than two standard errors (for non-inferiority: beyond the margin). **Tied**: it is not met, and not lost either.'

/**
 * @param {Comparison} comparison
 * @param {{of: readonly number[], against: readonly number[], better: 'higher' | 'lower'}} values of the same seeds
 * @returns {Outcome}
 */
export function compare({ claim, rule, margin = 0 }, { of, against, better }) {
  if (of.length !== against.length || of.length === 0)
    throw new Error(`"${claim}" needs the same seeds on both sides. Received ${of.length} and ${against.length}.`)
  const differences = of.map((value, i) => (better === 'higher' ? 1 : -1) * (value - (against[i] ?? Number.NaN)))
  const wrong = differences.find((value) => !Number.isFinite(value))
  if (wrong !== undefined) throw new Error(`"${claim}" needs finite values. Received a difference of ${wrong}.`)
  const found = { differences, mean: mean(differences), standardError: standardError(differences) }
  const wins = differences.filter((value) => value > 0).length
  return { ...found, wins, verdict: verdictOf({ rule, margin, wins, seeds: differences.length, ...found }) }
}

/**
 * @param {{rule: Rule, margin: number, mean: number, standardError: number | null, wins: number, seeds: number}} found
 * @returns {Verdict}
 */
function verdictOf({ rule, margin, mean: centre, standardError: error, wins, seeds }) {
  if (rule === 'report') return 'reported'
  const met = {
    'every-seed': wins === seeds,
    mean: centre > 0,
    'mean-and-most': centre > 0 && wins > seeds / 2,
    'non-inferior': centre > -margin,
  }[rule]
  if (met) return 'held'
  if (rule === 'non-inferior') return 'lost'
  return error !== null && centre < -2 * error ? 'lost' : 'tied'
}
