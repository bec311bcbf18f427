// What a job needs from whoever runs it: TensorFlow, the shelves, a folder, and a way to get models it does not have.
import type { JobSpec, ModelReference } from '@stillhouse/spec'
import type { Shelves } from '../contracts/shelves.ts'
import type { Tf } from '../contracts/tf.ts'

export interface FetchedModel {
  /** Folder with a tfjs LayersModel: `model.json` and the files it names. */
  readonly dir: string
  /** Stored with a trained teacher; empty for other models. */
  readonly metrics: Readonly<Record<string, number>>
}

export interface RunRequest {
  readonly tf: Tf
  /** Canonical, as `parseJobSpec` gives it. */
  readonly spec: JobSpec
  readonly shelves: Shelves
  /** Empty folder; everything is written below it. */
  readonly scratch: string
  /** Folder with a checkpoint (or several) to resume from, or null. */
  readonly checkpoint: string | null
  /** The model, or null when there is none under that reference. */
  fetchModel(reference: ModelReference): Promise<FetchedModel | null>
  /** Asks for a stop after the current step, with a checkpoint. */
  readonly signal: AbortSignal
}
