// Where a training takes its batches from: what the loop knows of loader threads.
import type { AugmentSpec } from '@stillhouse/spec'
import type { StreamSpec } from '../contracts/batch.ts'
import type { SampleView } from './data-views.ts'

/** One stream as a loader needs it; plain data that can be sent to a thread. */
export interface StreamPlan extends Omit<StreamSpec, 'source' | 'augment'> {
  readonly view: SampleView
  readonly inputShape: readonly number[]
  readonly classes: number
  readonly augment: AugmentSpec | undefined
}

export interface BatchPlan {
  readonly main: StreamPlan
  readonly streams: Readonly<Record<string, StreamPlan>>
  readonly batchSize: number
  readonly seed: number
}

/** Samples on the host. The arrays are valid until the next call of `at`. */
export interface HostBatch {
  /** Per view, samples one after another, [B, …inputShape]. */
  readonly views: readonly Float32Array[]
  /** Classes, [B]. */
  readonly y: Int32Array
  /** Mixed classes [B, K] with mixup, else null. */
  readonly mixed: Float32Array | null
  /** Numbers of the samples in the split, [B]. */
  readonly index: Int32Array
  /** Numbers of the samples in the stream's part of the view, [B]. */
  readonly place: Int32Array
  /** Places [B, count]; null when none were asked for. */
  readonly negatives: Int32Array | null
}

export interface HostBatches {
  readonly main: HostBatch
  readonly streams: Readonly<Record<string, HostBatch>>
}

export interface BatchSource {
  /** Samples in a batch. */
  readonly size: number
  /** Whole batches in an epoch of the main stream; the rest of an epoch's order is dropped, so every step has one shape. */
  readonly stepsPerEpoch: number
  /**
   * The batches of step `step`, counted over all epochs: a function of (plan, step) alone, whatever the threads do.
   * Asked in rising order they are ready ahead of time; any other order works.
   */
  at(step: number): Promise<HostBatches>
  /** Milliseconds that `at` has kept its callers waiting so far. */
  readonly waitedMs: number
  close(): Promise<void>
}
