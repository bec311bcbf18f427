// Runs one of our jobs in a fresh process and takes the time of its phases from outside.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startWorker } from './worker-process.mjs'

const SCRIPT = fileURLToPath(new URL('stillhouse/job-process.mjs', import.meta.url))

/**
 * @typedef {{startUp: number, total: number, metrics: Record<string, number>, messages: {at: number, [key: string]: any}[]}} JobRun
 *   seconds: until TensorFlow was loaded, and until the process had ended
 * @param {string} name
 * @param {{spec: unknown, teacher: string | null, cache: string | null}} request
 * @param {import('./run-context.mjs').RunContext} context
 * @returns {Promise<JobRun & {scratch: string}>}
 */
export async function runJobProcess(name, request, { state, logs, threads }) {
  const scratch = join(state, 'jobs', name)
  rmSync(scratch, { recursive: true, force: true })
  mkdirSync(scratch, { recursive: true })
  const file = `${scratch}.json`
  writeFileSync(file, JSON.stringify({ ...request, scratch }))
  const run = await runTimed(
    name,
    { command: process.execPath, args: [SCRIPT, file], env: threads },
    join(logs, `job-${name}.log`),
  )
  return { ...run, scratch }
}

/**
 * @param {string} name
 * @param {import('./worker-process.mjs').Command} command a process that says `ready` and at last `done` with `metrics`
 * @param {string} log
 * @returns {Promise<JobRun>}
 */
export async function runTimed(name, command, log) {
  const started = performance.now()
  const seconds = () => (performance.now() - started) / 1000
  const worker = startWorker(name, command, log)
  /** @type {JobRun['messages']} */
  const messages = []
  for (;;) {
    const message = await worker.next()
    messages.push({ at: seconds(), ...message })
    if (message['type'] === 'done') break
  }
  await worker.stop()
  const startUp = messages.find(({ type }) => type === 'ready')?.at ?? Number.NaN
  return { startUp, total: seconds(), metrics: messages.at(-1)?.['metrics'] ?? {}, messages }
}
