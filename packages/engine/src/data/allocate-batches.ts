// Room for the batches of one step, in memory that threads share.
import type { BatchPlan, HostBatch, HostBatches, StreamPlan } from './batch-source.ts'
import { sharedFloats, sharedIntegers } from './shared-memory.ts'

export function allocateBatches({ main, streams, batchSize }: BatchPlan): HostBatches {
  return {
    main: allocate(main, batchSize),
    streams: Object.fromEntries(Object.entries(streams).map(([name, stream]) => [name, allocate(stream, batchSize)])),
  }
}

function allocate({ inputShape, views = 1, classes, augment, negatives }: StreamPlan, size: number): HostBatch {
  const values = inputShape.reduce((product, axis) => product * axis, size)
  return {
    views: Array.from({ length: views }, () => sharedFloats(values)),
    y: sharedIntegers(size),
    mixed: augment?.mixup === undefined ? null : sharedFloats(size * classes),
    index: sharedIntegers(size),
    place: sharedIntegers(size),
    negatives: negatives === undefined ? null : sharedIntegers(size * negatives.count),
  }
}
