// Batches by step number, prepared on the training thread or ahead of it on others. Which of the two changes no number.
import { allocateBatches } from './allocate-batches.ts'
import { batchFiller } from './batch-filler.ts'
import type { BatchPlan, BatchSource, HostBatches } from './batch-source.ts'
import { checkBatchPlan } from './check-batch-plan.ts'
import { streamMembers } from './stream-members.ts'
import { type PreparedBatches, threadedBatches } from './threaded-batches.ts'

export interface OpenBatches {
  /** Threads that prepare batches; 0: the one that asks for them. */
  readonly threads: number
}

/** @throws TrainingError `spec.rejected` when there are too few samples for a batch, or for what streams draw */
export function openBatches(plan: BatchPlan, { threads }: OpenBatches): BatchSource {
  checkBatchPlan(plan)
  const samples = streamMembers(plan.main, plan.seed).index.length
  const batches = threads === 0 ? ownBatches(plan) : threadedBatches(plan, threads)
  let waitedMs = 0
  return {
    size: plan.batchSize,
    stepsPerEpoch: Math.floor(samples / plan.batchSize),
    at: async (step) => {
      const asked = performance.now()
      try {
        return await batches.at(step)
      } finally {
        waitedMs += performance.now() - asked
      }
    },
    get waitedMs() {
      return waitedMs
    },
    close: () => batches.close(),
  }
}

/** Made when they are asked for. */
function ownBatches(plan: BatchPlan): PreparedBatches {
  const fill = batchFiller(plan)
  const batches: HostBatches = allocateBatches(plan)
  return {
    at: async (step) => {
      fill(step, batches)
      return batches
    },
    close: async () => undefined,
  }
}
