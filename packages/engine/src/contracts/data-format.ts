// The contract of the data shelf. A data set is read by index, so the engine owns order, batches and augmentation.
import type { ShelfEntry, Signature } from './shelf.ts'

export const SPLITS = ['train', 'test'] as const
export type SplitName = (typeof SPLITS)[number]

/** One split: any sample by index, always the same. */
export interface Split {
  readonly size: number
  /** Class of every sample, for balanced subsets. */
  readonly labels: Int32Array
  /**
   * Writes the samples at `indices` into `into`, one after another, as float32 in the format's documented range.
   * @param into length ≥ indices.length × product(inputShape)
   */
  read(indices: Int32Array, into: Float32Array): void
}

export interface Dataset {
  readonly signature: Signature
  /** sha256 over content and parameters: equal digests mean equal samples in equal order. */
  readonly digest: string
  readonly splits: Readonly<Record<SplitName, Split>>
}

export interface DataFormat extends ShelfEntry {
  /** What the set looks like, from its parameters alone and without reading it. */
  signature(params: unknown): Signature
  /**
   * Opens and checks the whole set.
   * @throws TrainingError `data.not_found` or `data.invalid` with file, expected and received
   */
  open(params: unknown): Promise<Dataset>
}
