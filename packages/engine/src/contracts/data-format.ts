// The contract of the data shelf. A data set is arrays, so the engine owns order, batches and augmentation.
import type { ShelfEntry, Signature } from './shelf.ts'

export const SPLITS = ['train', 'test'] as const
export type SplitName = (typeof SPLITS)[number]

/** What stands in `Split.labels` for a sample whose class is not known: no class has this number. */
export const UNLABELLED = -1

/**
 * One split as plain arrays, so that loader threads read it without a copy and without the shelf. Arrays over a
 * SharedArrayBuffer (`sharedBytes`, `sharedFloats`) are shared between threads; others are copied to each.
 */
export interface Split {
  readonly size: number
  /** Class of every sample; all `UNLABELLED` in a training split whose signature has `trainLabels: false`. */
  readonly labels: Int32Array
  /** One sample after another, [size, …inputShape], as stored. */
  readonly values: Uint8Array | Float32Array
  /** What a stored value is multiplied by: 1 / 255 for grey levels in [0, 1]. */
  readonly scale: number
}

export interface Dataset {
  readonly signature: Signature
  /** sha256 over content and parameters: equal digests mean equal samples in equal order. */
  readonly digest: string
  readonly splits: Readonly<Record<SplitName, Split>>
}

export interface DataFormat extends ShelfEntry {
  /** Set when a job has to say where the files are: `data.from`, or the parameter `path`. */
  readonly needsFiles?: boolean
  /** What the set looks like, from its parameters alone and without reading it. */
  signature(params: unknown): Signature
  /** At most so many training samples, where the parameters say it; null where only the files do. */
  trainSamples?(params: unknown): number | null
  /**
   * Opens and checks the whole set.
   * @param root folder that `data.from` was brought to; paths in the parameters are then relative to it. Null without it
   * @throws TrainingError `data.not_found` or `data.invalid` with file, expected and received
   */
  open(params: unknown, root: string | null): Promise<Dataset>
}
