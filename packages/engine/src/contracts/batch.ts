// Batches as methods ask for them, and as a step sees them.
import type { AugmentSpec } from '@stillhouse/spec'
import type { Tensor } from './tf.ts'

/** How a stream of batches is drawn. Plain data. */
export interface StreamSpec {
  /** `train` (default): the job's training samples; or the name of one of the job's further data sets. */
  readonly source?: string
  /** One of `of` equal parts of the source, cut by the job's seed: training and validation halves of a search. */
  readonly part?: { readonly index: number; readonly of: number }
  /** `shuffle` (default): every epoch in another order; `sameClass`: per sample of the main batch one of its class. */
  readonly draw?: 'shuffle' | 'sameClass'
  /** Independently augmented copies of every sample; default 1. */
  readonly views?: number
  /** Places of other samples, drawn anew at every step. With replacement only where there are too few. */
  readonly negatives?: { readonly count: number; readonly from: 'otherClasses' | 'others' }
  /** Default: the job's train.augment; null: none. */
  readonly augment?: AugmentSpec | null
}

/** A batch in a step; all tensors are inputs of the graph. */
export interface Batch {
  /** [B, …inputShape] float32, normalised and augmented: the first view. */
  readonly x: Tensor
  /** All views, `views[0]` is x. */
  readonly views: readonly Tensor[]
  /** [B] int32 class indices. */
  readonly y: Tensor
  /** What cross-entropy is taken with: `y`, or with mixup the mixed classes [B, K] float32. */
  readonly labels: Tensor
  /** [B] int32 stable sample numbers of the split. */
  readonly index: Tensor
  /** [B] int32 numbers among the samples of the stream, 0 … samples − 1. */
  readonly place: Tensor
  /** [B, count] int32 places. @throws Error when the stream asked for none */
  readonly negatives: Tensor
  readonly size: number
}
