// Part 5 of the document.
import { dotChart } from './chart.mjs'
import { block } from './format.mjs'

/** @param {any} part */
export function memorySection({ steps, warmUp, points, tensors, resident }) {
  const dots = points.map((/** @type {any} */ { step, residentMiB }) => [step, residentMiB])
  return [
    '## 5 · Memory over a long training',
    '',
    `A job of ${steps} steps with augmentation and a live teacher, looked at about twice a second. After the first ${warmUp}`,
    `steps there were between ${tensors.min} and ${tensors.max} tensors (fitted growth ${tensors.perThousandSteps.toFixed(3)} per 1000 steps), and`,
    `resident memory went from ${resident.first.toFixed(0)} to ${resident.last.toFixed(0)} MiB (fitted growth ${resident.perThousandSteps.toFixed(2)} MiB per 1000 steps).`,
    '',
    block(dotChart(dots, { x: 'steps', y: 'resident MiB' })),
    '',
  ].join('\n')
}
