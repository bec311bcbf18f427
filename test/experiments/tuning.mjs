// How a parameter is chosen before an experiment: candidates are compared on training samples that are held out, with seeds
// that the experiment does not have. The test samples have no part in it.
import { mean } from './statistics.mjs'

/** Seeds of a tuning; an experiment's begin with 1. */
export const TUNING_SEEDS = [11, 12, 13]
/** Between the names of several candidates. */
export const CHOSEN = ', '
/** Share of the training samples that is held out, where the data set is small and where it is large. */
const HELD_OUT = { optdigits: 0.2, mnist: 0.05 }

/**
 * @typedef {{name: string, of?: string, spec: (seed: number) => object}} Candidate `of`: what it is a candidate of, where
 *   several are tuned at once, each for itself
 * @typedef {'validation.accuracy' | 'validation.nll'} TuningMetric
 * @typedef {{what: string, candidates: readonly Candidate[], chosen: string, metric?: TuningMetric}} Tuning `what`: the
 *   parameter, as in "the weight"; `chosen` the candidate that the arms use; with several `of`, one of each, parted by ", "
 * @typedef {{what: string, metric: TuningMetric, seeds: readonly number[], candidates: {name: string, of?: string, values: number[]}[]}} TuningResult
 *   `values` of the seeds, in order
 */

/** The job, with part of its training samples held out and evaluated on. @param {any} spec @returns {object} */
export function heldOut(spec) {
  const share = HELD_OUT[/** @type {keyof typeof HELD_OUT} */ (spec.data.name)]
  if (share === undefined)
    throw new Error(
      `Tuning holds out samples of ${Object.keys(HELD_OUT).join(' or ')}. Received data "${spec.data.name}".`,
    )
  const evaluate = { ...spec.evaluate, split: 'validation' }
  return { ...spec, data: { ...spec.data, validation: share }, evaluate }
}

/** @param {Tuning} tuning @returns {TuningMetric} */
export const metricOf = ({ metric = 'validation.accuracy' }) => metric

/** The candidate with the best mean, of equals the first; with several `of`, that of each. @param {TuningResult} result */
export function bestOf({ metric, candidates }) {
  const sign = metric === 'validation.nll' ? -1 : 1
  if (candidates.length === 0) throw new Error('A tuning needs candidates. Received none.')
  const kinds = [...new Set(candidates.map((one) => one.of))].map((kind) => candidates.filter((one) => one.of === kind))
  const best = kinds.map((kind) =>
    kind.reduce((found, one) => (sign * (mean(one.values) - mean(found.values)) > 0 ? one : found)),
  )
  return best.map(({ name }) => name).join(CHOSEN)
}
