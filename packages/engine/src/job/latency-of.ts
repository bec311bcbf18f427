// How long one sample of the evaluation split takes through a model of the job.
import type { Network } from '../contracts/network.ts'
import type { Tensor, Tf } from '../contracts/tf.ts'
import { readSamples } from '../data/read-samples.ts'
import { type Latency, measureLatency } from '../evaluate/measure-latency.ts'
import { deployableModel } from '../network/deployable-model.ts'
import type { JobRun } from './job-run.ts'
import { JobStopped } from './job-stopped.ts'

/** One sample [1, …inputShape] through a model, its answer read back. */
type RunSample = (sample: Float32Array) => Promise<void> | void

/** @returns null when the job asks for no runs @throws JobStopped */
export async function latencyOf({ request, job, evaluateOn }: JobRun, runSample: RunSample): Promise<Latency | null> {
  const { latencyRuns: runs } = job.spec.evaluate
  if (runs === 0) return null
  const sample = new Float32Array(job.signature.inputShape.reduce((product, axis) => product * axis, 1))
  const { split, indices, normalise } = evaluateOn
  readSamples({ split, indices: indices.slice(0, 1), into: sample, normalise })
  const latency = await measureLatency({ once: () => runSample(sample), runs, signal: request.signal })
  if (latency === null) throw new JobStopped()
  return latency
}

/** Through `model.predict`, the call that every user of the exported model makes. */
export function networkRunner(tf: Tf, network: Network): RunSample {
  const model = deployableModel(tf, network.model)
  const shape = [1, ...(model.inputs[0]?.shape ?? []).slice(1).map(Number)]
  return (sample) => tf.tidy(() => void (model.predict(tf.tensor(sample, shape, 'float32')) as Tensor).dataSync())
}
