// One teacher over all samples of a training, batch by batch, with a break after each: a long pass must not keep the
// process from hearing that it shall stop.
import { setImmediate } from 'node:timers/promises'
import type { BatchPlan, BatchSource } from '../data/batch-source.ts'
import { readSamples } from '../data/read-samples.ts'
import type { PredictProgress } from '../evaluate/predict-logits.ts'
import { type HostProgram, sizeOf } from './host-program.ts'

export interface TeacherPass {
  readonly program: HostProgram
  readonly plan: Pick<BatchPlan, 'main' | 'batchSize'>
  readonly signal: AbortSignal
  /** Takes outputs by the samples' numbers in the split. */
  write(indices: Int32Array, outputs: readonly Float32Array[]): void
}

/** Every sample of the view as it is. @returns false when the signal ended it */
export async function* viewPass(pass: TeacherPass, batchSize: number): AsyncGenerator<PredictProgress, boolean> {
  const { view, inputShape } = pass.plan.main
  const total = view.indices.length
  const samples = new Float32Array(batchSize * sizeOf(inputShape))
  for (let start = 0; start < total; start += batchSize) {
    await setImmediate()
    if (pass.signal.aborted) return false
    const indices = view.indices.subarray(start, Math.min(start + batchSize, total))
    readSamples({ split: view.split, indices, into: samples, normalise: view.normalise })
    pass.write(indices, await pass.program.run(samples, indices.length))
    yield { done: start + indices.length, total }
  }
  return true
}

/** An epoch's batches as the student will see them. @returns false when the signal ended it */
export async function* augmentedPass(
  pass: TeacherPass,
  batches: Pick<BatchSource, 'at' | 'stepsPerEpoch'>,
  epoch: number,
): AsyncGenerator<PredictProgress, boolean> {
  const total = batches.stepsPerEpoch * pass.plan.batchSize
  for (let step = 0; step < batches.stepsPerEpoch; step++) {
    await setImmediate()
    if (pass.signal.aborted) return false
    const { main } = await batches.at(epoch * batches.stepsPerEpoch + step)
    pass.write(main.index, await pass.program.run(main.views[0] as Float32Array, main.index.length))
    yield { done: (step + 1) * pass.plan.batchSize, total }
  }
  return true
}
