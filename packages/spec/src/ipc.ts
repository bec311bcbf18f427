// The messages between a worker and the trainer it forks. Versioned: both sides refuse another version.
// Plain JSON over Node's IPC channel; files travel as folders in the job's scratch directory.
import type { FailureCode } from './failure.ts'
import type { JobSpec } from './job-spec.ts'
import type { Device, JobProgress, MetricPoint } from './wire.ts'

export const IPC_VERSION = 1

/** What a trainer found when it loaded TensorFlow. */
export interface TrainerVersions {
  readonly node: string
  readonly tensorflow: string
  readonly tfjs: string
  readonly oneDnn: boolean
  readonly cuda: boolean
  readonly devices: Device[]
}

/** Where a model comes from that the trainer does not have: a trained teacher's key, another job, an upload. */
export type ModelReference = { teacherKey: string } | { job: string } | { upload: string }

export interface StartJob {
  type: 'start'
  version: typeof IPC_VERSION
  jobId: string
  attempt: number
  spec: JobSpec
  /** Empty folder of this attempt; everything the trainer writes goes below it. */
  scratch: string
  /** Folder with a checkpoint to resume from, or null. */
  checkpoint: string | null
  /**
   * Folders that `data.from` was brought to, by the name of the data set in the job: MAIN_DATA (`data`) for the job's
   * own, its name for each of `sources`. A data set without `from` is not in it. To be read only, and only by this attempt.
   */
  dataFolders: Readonly<Record<string, string>>
  /** Folders of this machine in which data that a job names by path may lie; none: such data is refused. */
  dataRoots: readonly string[]
  /** Folder that outlives the attempt, shared with other trainers: outputs of teachers, and how many bytes of them. */
  cacheDir: string
  cacheBytes: number
}

/** Name of `data` among the data sets of a job; the others have the names of `sources`. */
export const MAIN_DATA = 'data'

export type WorkerToTrainer =
  | StartJob
  /** Stop after the current step, write a checkpoint, say `stopped`. */
  | { type: 'stop'; version: typeof IPC_VERSION }
  /** Answer to `fetch`: the folder with the files, or null when there is none. `metrics` were stored with a teacher. */
  | { type: 'fetched'; version: typeof IPC_VERSION; id: number; dir: string | null; metrics: Record<string, number> }

export type TrainerToWorker =
  /** TensorFlow is loaded; the trainer waits for `start`. */
  | { type: 'ready'; version: typeof IPC_VERSION; versions: TrainerVersions }
  /** A step finished; also the watchdog's sign of life. Sent at most about twice a second. */
  | { type: 'progress'; version: typeof IPC_VERSION; progress: JobProgress }
  | { type: 'metrics'; version: typeof IPC_VERSION; points: MetricPoint[] }
  | { type: 'eval'; version: typeof IPC_VERSION; stage: string; step: number; metrics: Record<string, number> }
  | { type: 'log'; version: typeof IPC_VERSION; level: 'debug' | 'info' | 'warn' | 'error'; message: string }
  | { type: 'note'; version: typeof IPC_VERSION; message: string }
  /** A complete checkpoint lies in `dir`, which the trainer will not touch again until it is two checkpoints old. */
  | { type: 'checkpoint'; version: typeof IPC_VERSION; dir: string; stage: string; step: number; metricSeq: number }
  | { type: 'fetch'; version: typeof IPC_VERSION; id: number; reference: ModelReference }
  /** A freshly trained teacher lies in `dir` as a tfjs LayersModel; keep it under `key`. */
  | { type: 'teacher'; version: typeof IPC_VERSION; key: string; dir: string; metrics: Record<string, number> }
  /** Files to keep as artifacts; `dir/x` becomes artifact `prefix/x`. */
  | { type: 'artifacts'; version: typeof IPC_VERSION; kind: 'export' | 'report'; prefix: string; dir: string }
  | { type: 'done'; version: typeof IPC_VERSION; metrics: Record<string, number>; metricSeq: number }
  | { type: 'stopped'; version: typeof IPC_VERSION }
  | { type: 'failed'; version: typeof IPC_VERSION; code: FailureCode; message: string }
