// What was to be reached, and what was: the first thing a reader looks for.
import { OURS } from '../competitors.mjs'
import { percent, ratioText } from './format.mjs'

/** @typedef {{goal: string, measured: string, reached: boolean}} Goal @typedef {import('../statistics.mjs').Spread} Spread */

/** @param {Record<string, any>} parts */
export function goalTable(parts) {
  const goals = [
    ...(parts['1'] ? stepGoals(parts['1']) : []),
    ...(parts['3'] ? jobGoals(parts['3']) : []),
    ...(parts['4'] ? [pipelineGoal(parts['4'])] : []),
    ...(parts['5'] ? memoryGoals(parts['5']) : []),
  ]
  const rows = goals.map(({ goal, measured, reached }) => `| ${goal} | ${measured} | ${reached ? 'yes' : '**no**'} |`)
  return ['## Goals', '', '| goal | measured | reached |', '| --- | --- | --- |', ...rows, ''].join('\n')
}

/** @param {any} part @returns {Goal[]} */
function stepGoals({ teachers }) {
  return ['live', 'cached'].flatMap((teacher) => {
    /** @type {{name: string, ratio: Spread}[]} */
    const others = teachers[teacher].results.filter((/** @type {{name: string}} */ { name }) => name !== OURS)
    const named = (/** @type {string} */ name) => others.find((one) => one.name === name)?.ratio
    const best = others
      .filter(({ name }) => name.startsWith('PyTorch'))
      .sort((a, b) => a.ratio.median - b.ratio.median)[0]
    const where = `step, teacher ${teacher}:`
    return [
      atLeast(1.4, `${where} ≥ 1.4× PyTorch eager`, named('PyTorch, eager')),
      atLeast(1, `${where} ≥ 1.0× the best PyTorch setting (${best?.name.replace('PyTorch, ', '')})`, best?.ratio),
      atLeast(2.5, `${where} ≥ 2.5× TensorFlow.js eager`, named('TensorFlow.js, eager, as published')),
    ]
  })
}

/** @param {any} part @returns {Goal[]} */
function jobGoals({ comparisons }) {
  const ratio = (/** @type {number} */ i) => comparisons[i].ratio
  return [
    atLeast(1.5, 'whole job: ≥ 1.5× torchdistill, live teacher on both sides', ratio(0)),
    atLeast(3, "whole job: ≥ 3× torchdistill, with the teacher's outputs cached", ratio(2)),
  ]
}

/** @param {number} least @param {string} goal @param {Spread | undefined} ratio @returns {Goal} */
function atLeast(least, goal, ratio) {
  if (ratio === undefined) throw new Error(`There is no ratio for the goal "${goal}".`)
  return { goal, measured: ratioText(ratio), reached: ratio.median >= least }
}

/** @param {any} part @returns {Goal} */
function pipelineGoal({ results }) {
  // As jobs run by default: with a loader thread.
  const shares = results
    .filter((/** @type {any} */ { threads }) => threads > 0)
    .map((/** @type {any} */ one) => one.share)
  const most = Math.max(...shares)
  return { goal: 'input pipeline: ≤ 5 % of step time waiting for data', measured: percent(most), reached: most <= 0.05 }
}

/** Resident memory moves by pages and by the garbage collector's mood; a leak of one tensor a step would be far above. */
const NOISE_MIB = 1

/** @param {any} part @returns {Goal[]} */
function memoryGoals({ tensors, resident }) {
  const growth = resident.perThousandSteps
  return [
    {
      goal: 'memory: no growth of tensors after warm-up',
      measured: `${tensors.min}–${tensors.max} tensors`,
      reached: tensors.min === tensors.max,
    },
    {
      goal: `memory: no growth of resident memory after warm-up (below ${NOISE_MIB} MiB per 1000 steps)`,
      measured: `${growth.toFixed(2)} MiB per 1000 steps`,
      reached: growth < NOISE_MIB,
    },
  ]
}
