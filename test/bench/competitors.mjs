// Who takes part in the single-step parts, and how each is started.
import { fileURLToPath } from 'node:url'

export const OURS = 'Stillhouse'

const here = (/** @type {string} */ file) => fileURLToPath(new URL(file, import.meta.url))

/**
 * The first is what the others are compared with.
 * @param {{folder: string, teacher: 'live' | 'cached'}} what
 * @param {import('./run-context.mjs').RunContext} context
 * @returns {{name: string, command: import('./worker-process.mjs').Command}[]}
 */
export function stepCompetitors({ folder, teacher }, { python, threads, options }) {
  const env = { ...threads }
  const ours = (/** @type {string} */ variant) => ({
    command: process.execPath,
    args: [here('stillhouse/step-worker.mjs'), folder, variant, teacher],
    env,
  })
  const torch = (/** @type {string} */ mode) => ({
    command: python.pytorch,
    args: [here('python/torch_worker.py'), folder, mode, teacher],
    env,
  })
  const tensorflow = {
    command: python.tensorflow,
    args: [here('python/tensorflow_worker.py'), folder, teacher],
    env,
  }
  const compiling = [
    { name: 'PyTorch, torch.compile', command: torch('compile') },
    { name: 'PyTorch, torch.compile, channels_last', command: torch('compile-channels-last') },
  ]
  return [
    { name: OURS, command: ours('compiled') },
    { name: 'PyTorch, eager', command: torch('eager') },
    { name: 'PyTorch, channels_last', command: torch('channels-last') },
    // Compiling takes longer than the whole of a quick run may.
    ...(options.quick ? [] : compiling),
    { name: 'TensorFlow, tf.function', command: tensorflow },
    { name: 'TensorFlow.js, eager, fused batch norm', command: ours('eager') },
    { name: 'TensorFlow.js, eager, as published', command: ours('plain-tfjs') },
  ]
}
