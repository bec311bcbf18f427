// Parts 1 and 2: one distillation step, live teacher and cached teacher outputs, among everybody.
import { join } from 'node:path'
import { alternate } from '../alternate.mjs'
import { checkLosses } from '../check-losses.mjs'
import { OURS, stepCompetitors } from '../competitors.mjs'
import { ratios, spread } from '../statistics.mjs'
import { TASKS } from '../tasks.mjs'
import { startWorker } from '../worker-process.mjs'

/**
 * @param {'resnet' | 'cnn'} name
 * @param {import('../run-context.mjs').RunContext} context
 */
export async function kdStep(name, context) {
  const task = TASKS[name]
  const folder = join(context.state, 'tasks', name)
  await context.node('prepare-task', ['stillhouse/prepare-task.mjs', name, folder])
  /** @type {Record<string, unknown>} */
  const teachers = {}
  for (const teacher of modes(name, context.options)) {
    context.say(`${task.title}, teacher ${teacher}`)
    teachers[teacher] = await measure({ folder, teacher }, context)
  }
  const { rounds, steps, warmUp } = context.options
  return { title: task.title, task, rounds, steps, warmUp, teachers }
}

/**
 * A quick run starts half as many processes and still goes both ways.
 * @param {'resnet' | 'cnn'} name @param {{quick: boolean}} options @returns {('live' | 'cached')[]}
 */
function modes(name, { quick }) {
  if (!quick) return ['live', 'cached']
  return [name === 'resnet' ? 'live' : 'cached']
}

/**
 * @param {{folder: string, teacher: 'live' | 'cached'}} what
 * @param {import('../run-context.mjs').RunContext} context
 */
async function measure({ folder, teacher }, context) {
  const commands = stepCompetitors({ folder, teacher }, context)
  const workers = commands.map(({ name, command }) => ({
    name,
    ...startWorker(name, command, join(context.logs, `${name.replaceAll(/\W+/g, '-')}-${teacher}.log`)),
  }))
  try {
    /** @type {Record<string, Record<string, string>>} */
    const versions = {}
    for (const { name, next } of workers) versions[name] = (await next())['versions']
    const check = await checkLosses(workers)
    context.say(`all compute the same: losses agree within ${check.largestDifference.toExponential(1)}`)
    const medians = await alternate(workers, { ...context.options, say: context.say })
    const ours = medians[OURS] ?? []
    const results = Object.entries(medians).map(([name, rounds]) => ({
      name,
      versions: versions[name],
      rounds,
      ms: spread(rounds),
      ratio: ratios(rounds, ours),
    }))
    return { check, results }
  } finally {
    await Promise.all(workers.map(({ stop }) => stop()))
  }
}
