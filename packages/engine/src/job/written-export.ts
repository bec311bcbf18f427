// What is known of a model once it is written and loaded back.
import type { WrittenFile } from './job-files.ts'

export interface WrittenExport {
  /** Folder below `export/`. */
  readonly name: string
  readonly format: string
  readonly params: unknown
  /** Type that the weights are stored as. */
  readonly weights: string
  /** The model's own; the manifest beside them is not counted. */
  readonly files: readonly WrittenFile[]
  /** Of all files. */
  readonly bytes: number
  /** Top-1, of the written model as loaded back, on the evaluation split. */
  readonly accuracy: number
  /** Mean over that split, nats. */
  readonly nll: number
  /** Share of that split on which it predicts the class that the trained network predicts. */
  readonly agreement: number
}
