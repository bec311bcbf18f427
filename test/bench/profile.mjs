// Where the time of our step goes: pieces timed from outside, kernels traced from inside.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startWorker } from './worker-process.mjs'

/**
 * @param {'resnet' | 'cnn'} task whose files are prepared
 * @param {import('./run-context.mjs').RunContext} context
 */
export async function profileSteps(task, context) {
  /** @type {Record<string, unknown>} */
  const profile = {}
  for (const teacher of ['live', 'cached']) profile[teacher] = await profileMode({ task, teacher }, context)
  return profile
}

/** @param {{task: string, teacher: string}} what @param {import('./run-context.mjs').RunContext} context */
async function profileMode({ task, teacher }, context) {
  const { state, logs, python, threads, options, node, say } = context
  const graph = join(state, 'graphs', `${task}-${teacher}`)
  const numbers = [String(options.rounds), String(options.steps)]
  const name = `profile-${task}-${teacher}`
  const { pieces } = await node(name, [
    'stillhouse/profile-worker.mjs',
    join(state, 'tasks', task),
    teacher,
    graph,
    ...numbers,
  ])
  const script = fileURLToPath(new URL('python/profile_graph.py', import.meta.url))
  const command = { command: python.tensorflow, args: [script, graph, String(options.steps)], env: threads }
  const tracer = startWorker(name, command, join(logs, `${name}-kernels.log`))
  const { ops } = await tracer.next()
  await tracer.stop()
  say(
    `our step, teacher ${teacher}: ${pieces.map((/** @type {any} */ one) => `${one.name} ${one.ms.toFixed(1)}`).join(', ')} ms`,
  )
  return { pieces, ops }
}
