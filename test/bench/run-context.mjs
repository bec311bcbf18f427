// What all parts of a run share: options, places, the peers' Pythons, and the threads that everybody gets.
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ROOT } from '../../infra/scripts/setup/paths.mjs'
import { pythonEnvironment } from './python-environments.mjs'
import { startWorker } from './worker-process.mjs'

/**
 * @typedef {{
 *   options: import('./options.mjs').Options,
 *   state: string,
 *   logs: string,
 *   python: {pytorch: string, tensorflow: string},
 *   threads: Record<string, string>,
 *   say: (line: string) => void,
 *   node: (name: string, args: string[]) => Promise<import('./worker-process.mjs').Message>,
 * }} RunContext `node` runs a script of this folder to its one answer
 */

/**
 * @param {import('./options.mjs').Options} options
 * @returns {Promise<RunContext>}
 */
export async function runContext(options) {
  const started = performance.now()
  const say = (/** @type {string} */ line) => {
    const seconds = ((performance.now() - started) / 1000).toFixed(0).padStart(5)
    process.stdout.write(`${seconds} s  ${line}\n`)
  }
  const state = join(ROOT, '.stillhouse/bench')
  const logs = join(state, 'logs')
  const threads = threadSettings(availableParallelism(), options)
  return {
    options,
    state,
    logs,
    threads,
    say,
    python: {
      pytorch: await pythonEnvironment('pytorch', say),
      tensorflow: await pythonEnvironment('tensorflow', say),
    },
    node: async (name, [script = '', ...args]) => {
      const file = fileURLToPath(new URL(script, import.meta.url))
      const command = { command: process.execPath, args: [file, ...args], env: threads }
      const worker = startWorker(name, command, join(logs, `${name}.log`))
      const answer = await worker.next()
      await worker.stop()
      return answer
    },
  }
}

/**
 * The same number for every library.
 * @param {number} cores
 * @param {{quick: boolean}} options
 * @returns {Record<string, string>}
 */
function threadSettings(cores, { quick }) {
  const names = ['OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'TF_NUM_INTRAOP_THREADS', 'TF_NUM_INTEROP_THREADS']
  return {
    ...Object.fromEntries(names.map((name) => [name, String(cores)])),
    TF_CPP_MIN_LOG_LEVEL: '2',
    CUDA_VISIBLE_DEVICES: '',
    PYTHONDONTWRITEBYTECODE: '1',
    // OpenMP's threads wait actively, which is quickest, and on a busy machine makes PyTorch's steps take seconds.
    ...(quick ? { OMP_WAIT_POLICY: 'passive' } : {}),
  }
}
