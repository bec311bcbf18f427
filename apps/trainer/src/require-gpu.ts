// A job that asks for a GPU must not run slowly on a CPU: it fails, with the reason.
import { spawnSync } from 'node:child_process'
import { TrainingError } from '@stillhouse/engine'
import type { JobSpec } from '@stillhouse/spec'
import type { Backend } from './backend.ts'
import { explainNoGpu } from './explain-no-gpu.ts'

/**
 * Passes when the job asks for no GPU or TensorFlow uses one.
 * @param collect runs a second TensorFlow that talks, and returns what it printed; only on the way to failing
 * @throws TrainingError resource.no_gpu
 */
export function requireGpu(spec: JobSpec, backend: Pick<Backend, 'usesGpu'>, collect: () => string = probeAloud): void {
  if (spec.resources.gpus === 0 || backend.usesGpu) return
  throw new TrainingError(
    'resource.no_gpu',
    `resources.gpus is 1, but TensorFlow uses no GPU. ${explainNoGpu(collect)}`,
  )
}

function probeAloud(): string {
  const entry = process.argv[1] ?? ''
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '0' }
  return spawnSync(process.execPath, [entry, '--probe'], { env, encoding: 'utf8', timeout: 30_000 }).stderr ?? ''
}
