// How many batches make an epoch; the rest of an epoch's order is dropped, so that every step has one shape.
import { TrainingError } from '../contracts/training-error.ts'
import type { SampleView } from '../data/data-views.ts'

/** @throws TrainingError `spec.rejected` when a batch is larger than the training set */
export function stepsPerEpoch({ indices }: SampleView, batchSize: number): number {
  const steps = Math.floor(indices.length / batchSize)
  if (steps > 0) return steps
  throw new TrainingError(
    'spec.rejected',
    `train.batchSize is larger than the training set. Expected at most ${indices.length}; received ${batchSize}.`,
  )
}
