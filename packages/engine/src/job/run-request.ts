// What a job needs from whoever runs it: TensorFlow, the shelves, a folder, and a way to get models it does not have.
import type { JobSpec, ModelReference } from '@stillhouse/spec'
import type { Shelves } from '../contracts/shelves.ts'
import type { Tf } from '../contracts/tf.ts'
import type { BatchPlan, BatchSource } from '../data/batch-source.ts'
import type { LoadOnnx } from '../teachers/foreign/onnx-runner.ts'

export interface FetchedModel {
  /** Folder with a tfjs LayersModel (`model.json` and the files it names), or an uploaded model of another kind. */
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
  /** Folders that `data.from` and `sources.<name>.from` were brought to: `data`, or the source's name. */
  readonly dataFolders?: Readonly<Record<string, string>>
  /** Folders in which `params.path` of a data set may lie; without it, anywhere. */
  readonly dataRoots?: readonly string[]
  /** Folder that outlives the job, shared with others: outputs of teachers. Without it they are held in memory. */
  readonly cacheDir?: string
  /** Bytes that `cacheDir` may grow to; default 10 GiB. */
  readonly cacheBytes?: number
  /** Brings ONNX Runtime; without it a teacher that is an ONNX file is refused. */
  readonly loadOnnx?: LoadOnnx
  /** Where batches come from; default: as many loader threads as the spec says. */
  readonly openBatches?: (plan: BatchPlan) => BatchSource
  /** The model, or null when there is none under that reference. */
  fetchModel(reference: ModelReference): Promise<FetchedModel | null>
  /** Asks for a stop after the current step, with a checkpoint. */
  readonly signal: AbortSignal
}
