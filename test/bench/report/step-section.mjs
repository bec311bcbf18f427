// Parts 1 and 2 of the document.
import { barChart } from './chart.mjs'
import { block, ratioText, spreadText } from './format.mjs'

/** @param {string} heading @param {any} part */
export function stepSection(heading, { title, task, rounds, steps, warmUp, teachers }) {
  const { batchSize, learningRate, momentum, weightDecay, temperature, alpha } = task
  const settings = `batch ${batchSize}, SGD with rate ${learningRate}, momentum ${momentum} and weight decay ${weightDecay}, T = ${temperature}, α = ${alpha}`
  return [
    `## ${heading}`,
    '',
    `${title}; ${settings}. ${rounds} rounds of ${steps} steps each after ${warmUp} to warm up; a step takes its batch from`,
    'host memory. Milliseconds per step: median of the rounds (least–greatest).',
    '',
    ...modeLines('The teacher runs in every step', teachers.live),
    ...modeLines("The teacher's outputs are cached and fed", teachers.cached),
  ].join('\n')
}

/** @param {string} heading @param {any} mode */
function modeLines(heading, { check, results }) {
  const rows = results.map((/** @type {any} */ { name, ms, ratio, versions }) => {
    const version = Object.entries(versions).map(([library, number]) => `${library} ${number}`)
    return `| ${name} | ${spreadText(ms, 'ms')} | ${ratioText(ratio)} | ${version.join(', ')} |`
  })
  const bars = results.map((/** @type {any} */ { name, ms }) => ({
    name,
    value: ms.median,
    shown: `${ms.median.toFixed(1)} ms`,
  }))
  return [
    `### ${heading}`,
    '',
    block(barChart(bars)),
    '',
    '| | per step | time relative to Stillhouse | versions |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
    `Same computation: the losses of the first steps from the same weights agree within ${check.largestDifference.toExponential(1)} (relative; allowed ${check.tolerance}).`,
    '',
  ]
}
