// Part 4 of the document.
import { percent } from './format.mjs'

/** @param {any} part */
export function pipelineSection({ steps, results }) {
  const rows = results.map(
    (/** @type {any} */ { title, threads, stepMs, waitedMs, share }) =>
      `| ${title} | ${threads} | ${stepMs.toFixed(2)} ms | ${waitedMs.toFixed(3)} ms | ${percent(share)} |`,
  )
  return [
    '## 4 · Waiting for data',
    '',
    `Whole jobs of ${steps} steps on MNIST, batch 128, live teacher, each sample shifted, flipped and cut out at random: how`,
    'long the training thread had no batch to work on. With no loader thread it makes the batches itself.',
    '',
    '| job | loader threads | step | of it waiting | share |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n')
}
