// Part 5: tensors and resident memory over a long training, through runJob with augmentation on.
import { longJob } from '../job-specs.mjs'
import { runJobProcess } from '../run-job-process.mjs'
import { fitLine } from '../statistics.mjs'

/** Share of the steps after which nothing may grow any more. */
const WARM_UP = 0.1
const MIB = 2 ** 20

/** @param {import('../run-context.mjs').RunContext} context */
export async function memory(context) {
  const { memorySteps: steps } = context.options
  const { messages } = await runJobProcess('memory', { spec: longJob(steps), teacher: null, cache: null }, context)
  const points = messages
    // The evaluation that follows the last step is no part of the loop.
    .filter(({ type, progress }) => type === 'progress' && progress.steps === steps && progress.step < steps)
    .map(({ progress, tensors, resident }) => ({ step: progress.step, tensors, residentMiB: resident / MIB }))
  const settled = points.filter(({ step }) => step >= steps * WARM_UP)
  const tensors = settled.map((point) => point.tensors)
  const growth = (/** @type {'tensors' | 'residentMiB'} */ what) =>
    fitLine(settled.map((point) => [point.step, point[what]])).slope * 1000
  const result = {
    steps,
    warmUp: steps * WARM_UP,
    points: thinned(points),
    tensors: { min: Math.min(...tensors), max: Math.max(...tensors), perThousandSteps: growth('tensors') },
    resident: {
      first: settled[0]?.residentMiB,
      last: settled.at(-1)?.residentMiB,
      perThousandSteps: growth('residentMiB'),
    },
  }
  context.say(
    `${steps} steps: ${result.tensors.min}–${result.tensors.max} tensors, memory ${result.resident.perThousandSteps.toFixed(2)} MiB per 1000 steps`,
  )
  return result
}

/** As many points as a chart shows. @template T @param {T[]} points */
function thinned(points, most = 100) {
  const every = Math.max(1, Math.ceil(points.length / most))
  return points.filter((_, i) => i % every === 0 || i === points.length - 1)
}
