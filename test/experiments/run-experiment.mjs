// Runs every arm of a definition for every seed, each as a job in a process of its own, one after another; then the paired
// comparisons. Nothing is repeated and nothing is left out.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runTimed } from '../bench/run-job-process.mjs'
import { compare } from './compare.mjs'
import { definitionFile } from './definition.mjs'
import { requireFairness } from './fairness.mjs'
import { accuracy } from './measures.mjs'
import { quickened } from './quickened.mjs'
import { commonJob } from './settings.mjs'
import { heldOut, metricOf, TUNING_SEEDS } from './tuning.mjs'

const SCRIPT = fileURLToPath(new URL('arm-process.mjs', import.meta.url))
/** File of the metrics of the common setting: any definition without metrics of its own will do. */
const COMMON_METRICS = fileURLToPath(new URL('common-metrics.mjs', import.meta.url))
const TUNING_METRICS = fileURLToPath(new URL('tuning-metrics.mjs', import.meta.url))

/**
 * @typedef {{metrics: Record<string, number>, footing: import('./fairness.mjs').Footing, seconds: number}} ArmRun
 * @typedef {{arm: string, runs: ArmRun[]}} ArmResult one run per seed, in order
 * @typedef {{
 *   method: string, measured: string, machine: object, seeds: number[], arms: ArmResult[],
 *   outcomes: import('./compare.mjs').Outcome[], common: ArmRun[] | null,
 * }} Result `outcomes` in the order of the definition's `mustShow`
 * @typedef {{state: string, teachers: string, quick: boolean, say: (line: string) => void}} Context `state`: folder for all
 *   that passes; `teachers`: folder of trained teachers, which may be one that stays
 */

/**
 * @param {string} slug
 * @param {import('./definition.mjs').Definition} definition
 * @param {readonly number[]} seeds
 * @param {Context} context
 * @returns {Promise<Pick<Result, 'arms' | 'outcomes' | 'common'>>}
 */
export async function runExperiment(slug, definition, seeds, context) {
  rmSync(context.state, { recursive: true, force: true })
  const definitions = definitionFile(slug)
  try {
    /** @type {ArmResult[]} */
    const arms = definition.arms.map(({ name }) => ({ arm: name, runs: [] }))
    /** @type {ArmRun[]} */
    const common = []
    for (const seed of seeds) {
      for (const [i, { name, spec }] of definition.arms.entries())
        arms[i]?.runs.push(await runArm({ arm: name, seed, spec: spec(seed), definition: definitions }, context))
      // At once: what cannot be compared need not run for the other seeds.
      requireAllFair(definition, arms)
      if (definition.common) {
        const spec = definition.common(commonJob(seed))
        common.push(await runArm({ arm: 'common', seed, spec, definition: COMMON_METRICS }, context))
      }
    }
    return { arms, outcomes: outcomesOf(definition, arms), common: common.length > 0 ? common : null }
  } finally {
    rmSync(context.state, { recursive: true, force: true })
  }
}

/**
 * Every candidate for every seed of a tuning. Arms and claims of the definition have no part in it.
 * @param {import('./tuning.mjs').Tuning} tuning
 * @param {Context} context
 * @returns {Promise<import('./tuning.mjs').TuningResult>}
 */
export async function runTuning(tuning, context) {
  rmSync(context.state, { recursive: true, force: true })
  const metric = metricOf(tuning)
  const candidates = tuning.candidates.map(({ name, of }) => ({
    name,
    ...(of === undefined ? {} : { of }),
    values: /** @type {number[]} */ ([]),
  }))
  try {
    for (const seed of TUNING_SEEDS)
      for (const [i, { name, spec }] of tuning.candidates.entries()) {
        const one = { arm: `candidate-${i}`, seed, spec: heldOut(spec(seed)), definition: TUNING_METRICS }
        const { metrics } = await runArm(one, { ...context, say: () => {} })
        const value = metrics[metric] ?? Number.NaN
        context.say(`seed ${seed}, ${name}: ${metric} ${value.toFixed(4)}`)
        candidates[i]?.values.push(value)
      }
    return { what: tuning.what, metric, seeds: TUNING_SEEDS, candidates }
  } finally {
    rmSync(context.state, { recursive: true, force: true })
  }
}

/**
 * @param {{arm: string, seed: number, spec: object, definition: string}} one
 * @param {Context} context
 * @returns {Promise<ArmRun>}
 */
async function runArm({ arm, seed, spec, definition }, { state, teachers, quick, say }) {
  const name = `${arm}-${seed}`
  const scratch = join(state, name)
  mkdirSync(state, { recursive: true })
  mkdirSync(teachers, { recursive: true })
  const file = join(state, `${name}.json`)
  const request = { arm, definition, scratch, teachers, spec: quick ? quickened(spec) : spec }
  writeFileSync(file, JSON.stringify(request))
  const command = { command: process.execPath, args: [SCRIPT, file], env: { TF_CPP_MIN_LOG_LEVEL: '2' } }
  const { metrics, messages, total } = await runTimed(name, command, join(state, 'logs', `${name}.log`))
  rmSync(scratch, { recursive: true, force: true })
  const shown = Object.entries(metrics).map(([metric, value]) => `${metric} ${value.toFixed(4)}`)
  say(`seed ${seed}, ${arm}: ${shown.join(', ')}`)
  return { metrics, footing: messages.at(-1)?.['footing'], seconds: Math.round(total) }
}

/** @param {import('./definition.mjs').Definition} definition @param {readonly ArmResult[]} arms */
export function requireAllFair({ mustShow }, arms) {
  for (const { claim, of, against, differs } of mustShow) {
    if (typeof against === 'number') continue
    const others = runsOf(arms, against)
    for (const [i, { footing }] of runsOf(arms, of).entries()) {
      const other = others[i]
      if (other) requireFairness(claim, [of, footing], [against, other.footing], differs)
    }
  }
}

/** @param {import('./definition.mjs').Definition} definition @param {readonly ArmResult[]} arms */
export function outcomesOf({ metrics, mustShow }, arms) {
  return mustShow.map((comparison) => {
    const { metric, of, against } = comparison
    const better = metrics.find(({ name }) => name === metric)?.better ?? accuracy.better
    const valuesOf = (/** @type {string} */ arm) =>
      runsOf(arms, arm).map(({ metrics: values }) => values[metric] ?? Number.NaN)
    const values = valuesOf(of)
    return compare(comparison, {
      of: values,
      against: typeof against === 'number' ? values.map(() => against) : valuesOf(against),
      better,
    })
  })
}

/** @param {readonly ArmResult[]} arms @param {string} name */
function runsOf(arms, name) {
  return arms.find(({ arm }) => arm === name)?.runs ?? []
}
