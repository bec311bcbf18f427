// Part 4: how long the training thread has no batch to work on, in whole jobs with augmentation on.
import { pipelineJob } from '../job-specs.mjs'
import { runJobProcess } from '../run-job-process.mjs'

const RESNET = {
  title: 'ResNet-20 teaches ResNet-8',
  teacher: { model: 'resnet', params: { depth: 20 } },
  student: { model: 'resnet', params: { depth: 8 } },
}
/** The shorter the step, the harder it is to keep up. */
const CNN = {
  title: 'a plain CNN teaches a small one',
  teacher: { model: 'cnn', params: { filters: [16, 32] } },
  student: { model: 'cnn', params: { filters: [8, 16] } },
}

/** @param {import('../run-context.mjs').RunContext} context */
export async function inputPipeline(context) {
  const { pipelineSteps: steps, quick } = context.options
  const results = []
  for (const { title, teacher, student } of [RESNET, CNN]) {
    for (const threads of quick ? [1] : [1, 0]) {
      const spec = pipelineJob({ teacher, student, steps, threads })
      const { messages } = await runJobProcess('pipeline', { spec, teacher: null, cache: null }, context)
      const waiting = messages.at(-1)?.['waiting']
      context.say(`${title}, loader threads: ${threads}: waited ${(waiting.share * 100).toFixed(2)} % of the time`)
      results.push({ title, threads, ...waiting })
    }
  }
  return { steps, results }
}
