// How a parameter is chosen before an experiment: candidates are compared on training samples that are held out, with seeds
// that the experiment does not have. The test samples have no part in it.
import { mean } from './statistics.mjs'

/** Seeds of a tuning; an experiment's begin with 1. */
export const TUNING_SEEDS = [11, 12, 13]
/** Share of the training samples that is held out, where the data set is small and where it is large. */
const HELD_OUT = { optdigits: 0.2, mnist: 0.05 }

/**
 * @typedef {{name: string, spec: (seed: number) => object}} Candidate
 * @typedef {'validation.accuracy' | 'validation.nll'} TuningMetric
 * @typedef {{what: string, candidates: readonly Candidate[], chosen: string, metric?: TuningMetric}} Tuning `what`: the
 *   parameter, as in "the weight"; `chosen` the candidate that the arms use
 * @typedef {{what: string, metric: TuningMetric, seeds: readonly number[], candidates: {name: string, values: number[]}[]}} TuningResult
 *   `values` of the seeds, in order
 */

/** The job, with part of its training samples held out. @param {any} spec @returns {object} */
export function heldOut(spec) {
  const share = HELD_OUT[/** @type {keyof typeof HELD_OUT} */ (spec.data.name)]
  if (share === undefined)
    throw new Error(
      `Tuning holds out samples of ${Object.keys(HELD_OUT).join(' or ')}. Received data "${spec.data.name}".`,
    )
  return { ...spec, data: { ...spec.data, validation: share } }
}

/** @param {Tuning} tuning @returns {TuningMetric} */
export const metricOf = ({ metric = 'validation.accuracy' }) => metric

/** The candidate with the best mean; of equals the first. @param {TuningResult} result */
export function bestOf({ metric, candidates }) {
  const sign = metric === 'validation.nll' ? -1 : 1
  const [first, ...others] = candidates
  if (first === undefined) throw new Error('A tuning needs candidates. Received none.')
  return others.reduce((best, one) => (sign * (mean(one.values) - mean(best.values)) > 0 ? one : best), first).name
}
