// Plans of batches over small data, for tests of what makes them.
import type { DataSpec } from '@stillhouse/spec'
import type { BatchPlan, BatchSource, HostBatch, StreamPlan } from '../data/batch-source.ts'
import { dataViews } from '../data/data-views.ts'
import { openBatches } from '../data/open-batches.ts'
import { type Blobs, blobs } from './blobs.ts'

const SHAPE = [4, 5, 2] as const

/** A stream over blobs of shape `SHAPE`. */
export function blobStream(
  change: Partial<StreamPlan> = {},
  { data = {}, spec = {} }: { data?: Blobs; spec?: Partial<DataSpec> } = {},
): StreamPlan {
  const dataset = blobs({ train: 47, inputShape: SHAPE, ...data })
  const { train: view } = dataViews(dataset, { name: 'blobs', seed: 0, balanced: true, ...spec })
  return { view, ...dataset.signature, augment: undefined, ...change }
}

export function blobPlan(change: Partial<BatchPlan> = {}): BatchPlan {
  return { main: blobStream(), streams: {}, batchSize: 10, seed: 1, ...change }
}

/** A batch whose arrays are its own. */
function copied(batch: HostBatch) {
  const list = (values: Float32Array | Int32Array | null) => (values === null ? null : [...values])
  return {
    views: batch.views.map((view) => [...view]),
    y: [...batch.y],
    mixed: list(batch.mixed),
    index: [...batch.index],
    place: [...batch.place],
    negatives: list(batch.negatives),
  }
}

export type CopiedBatch = ReturnType<typeof copied>

/** Copies of all batches of the given steps, by the name of their stream (`main`). */
export async function batchesAt(source: BatchSource, steps: readonly number[]): Promise<Record<string, CopiedBatch>[]> {
  const all: Record<string, CopiedBatch>[] = []
  for (const step of steps) {
    const { main, streams } = await source.at(step)
    const others = Object.entries(streams).map(([name, batch]) => [name, copied(batch)] as const)
    all.push({ main: copied(main), ...Object.fromEntries(others) })
  }
  return all
}

/** Batches of the main stream, made without threads. */
export async function mainBatches(plan: BatchPlan, steps: readonly number[]): Promise<CopiedBatch[]> {
  const batches = await batchesAt(openBatches(plan, { threads: 0 }), steps)
  return batches.map(({ main }) => main as CopiedBatch)
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i)
}
