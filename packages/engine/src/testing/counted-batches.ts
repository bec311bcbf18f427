// Batches whose giving out a test hears of, so that it can stop a run at a chosen step.
import type { BatchSource, HostBatches } from '../data/batch-source.ts'

/** @param onBatch called with each batch before it is given out */
export function countedBatches(
  source: BatchSource,
  onBatch: (batches: HostBatches) => void = () => undefined,
): BatchSource {
  return {
    ...source,
    at: async (step) => {
      const batches = await source.at(step)
      onBatch(batches)
      return batches
    },
  }
}
