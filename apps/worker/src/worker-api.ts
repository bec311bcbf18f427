// What a worker needs of the API, as functions: the rest of the worker knows no URLs, and its tests no client.
import type {
  ArtifactReport,
  CheckpointReport,
  Claim,
  ClaimRequest,
  Dataset,
  ModelFiles,
  Outcome,
  RegisteredWorker,
  RegisterWorker,
  Report,
  TrainedTeacher,
  WorkerHeartbeat,
  WorkerOrders,
} from '@stillhouse/spec'

/** The attempt that a worker holds; its number is the fencing token. */
export interface AttemptRef {
  readonly jobId: string
  readonly attempt: number
}

/** Every call rejects with an error whose `status` and `code` are those of the problem document, if one came. */
export interface WorkerApi {
  register(worker: RegisterWorker): Promise<RegisteredWorker>
  heartbeat(workerId: string, heartbeat: WorkerHeartbeat): Promise<WorkerOrders>
  deregister(workerId: string): Promise<void>
  claim(jobId: string, request: ClaimRequest): Promise<Claim>
  report(ref: AttemptRef, report: Report): Promise<void>
  saveCheckpoint(ref: AttemptRef, checkpoint: CheckpointReport): Promise<void>
  saveArtifacts(ref: AttemptRef, report: ArtifactReport): Promise<void>
  finish(ref: AttemptRef, outcome: Outcome): Promise<void>
  getTeacher(key: string): Promise<TrainedTeacher>
  saveTeacher(teacher: TrainedTeacher): Promise<void>
  /** Exported student of a succeeded job. */
  getJobModel(jobId: string): Promise<ModelFiles>
  getUploadedModel(modelId: string): Promise<ModelFiles>
  getDataset(id: string, signal?: AbortSignal): Promise<Dataset>
  hasBlob(sha256: string): Promise<boolean>
  /** Streams the file; a stored digest is not stored again. */
  putBlob(sha256: string, path: string): Promise<void>
  /** Streams the content into a file; what was in it is gone. */
  getBlob(sha256: string, path: string, signal?: AbortSignal): Promise<void>
}
