// The contract between the HTTP layer and the use cases: everything the service can do, without HTTP and without SQL.
// Every method throws ApiError (kit) with a catalogue code for what a caller can do wrong.
import type { Readable } from 'node:stream'
import type {
  Artifact,
  ArtifactReport,
  CheckpointReport,
  Claim,
  ClaimRequest,
  Dataset,
  DatasetFile,
  DatasetPage,
  Job,
  JobEvent,
  JobPage,
  JobSpec,
  JobState,
  LogPage,
  MetricPage,
  ModelFiles,
  Outcome,
  RegisteredWorker,
  RegisterWorker,
  Report,
  StoredFile,
  TrainedTeacher,
  UploadedModel,
  Worker,
  WorkerHeartbeat,
  WorkerOrders,
} from '@stillhouse/spec'

export const SCOPES = ['jobs:read', 'jobs:write', 'worker', 'admin'] as const
export type Scope = (typeof SCOPES)[number]

export interface ApiKey {
  readonly id: string
  readonly name: string
  readonly scopes: readonly Scope[]
}

export interface Submission {
  /** Canonical spec, already checked against schema and shelves. */
  readonly spec: JobSpec
  readonly idempotencyKey?: string
  /** Hex sha256 of the request body as sent; compared on replay of a key. */
  readonly bodyHash: string
}

export interface JobFilter {
  readonly state?: JobState
  /** `key=value` pairs that must all hold. */
  readonly labels: Readonly<Record<string, string>>
  /** 1..200 */
  readonly limit: number
  readonly cursor?: string
}

export interface Page {
  /** Items with seq > after. */
  readonly after: number
  readonly limit: number
}

/** The one worker attempt that may write: the fencing token. */
export interface AttemptRef {
  readonly jobId: string
  readonly attempt: number
}

export interface QueueStats {
  readonly jobs: Readonly<Record<JobState, number>>
  readonly oldestQueuedSeconds: number
  readonly outboxPending: number
  readonly outboxOldestSeconds: number
  readonly workers: { readonly active: number; readonly slots: number; readonly busy: number }
}

export interface JobService {
  // --- users
  submit(submission: Submission): Promise<{ job: Job; replayed: boolean }>
  getJob(id: string): Promise<Job>
  listJobs(filter: JobFilter): Promise<JobPage>
  cancelJob(id: string): Promise<Job>
  retryJob(id: string): Promise<Job>
  listMetrics(id: string, page: Page & { name?: string }): Promise<MetricPage>
  listLogs(id: string, page: Page): Promise<LogPage>
  listEvents(id: string, page: Page): Promise<{ items: JobEvent[]; complete: boolean }>
  /** Calls back (without payload) whenever the job may have new events; returns unsubscribe. Wakes across API replicas. */
  watchJob(id: string, wake: () => void): () => void
  listArtifacts(id: string): Promise<Artifact[]>
  getArtifact(id: string, path: string): Promise<Artifact>
  listWorkers(): Promise<Worker[]>
  stats(): Promise<QueueStats>

  // --- models sent by users
  saveModel(model: Omit<UploadedModel, 'createdAt'>, files: readonly StoredFile[]): Promise<UploadedModel>
  getModel(id: string): Promise<UploadedModel>
  getModelFiles(id: string): Promise<ModelFiles>

  // --- data sets sent by users
  /** Saves a data set whose files are stored, under the hash of its manifest; the same files again are no news. */
  saveDataset(files: readonly DatasetFile[]): Promise<{ dataset: Dataset; isNew: boolean }>
  getDataset(id: string): Promise<Dataset>
  hasDataset(id: string): Promise<boolean>
  /** Newest first. */
  listDatasets(page: { limit: number; cursor?: string }): Promise<DatasetPage>

  // --- keys
  /** The key with this secret, or null. Compared in constant time. */
  authenticate(secret: string): Promise<ApiKey | null>
  /** Makes the key known (idempotent): local start and cluster secrets. */
  ensureKey(key: { name: string; secret: string; scopes: readonly Scope[] }): Promise<void>

  // --- workers
  registerWorker(worker: RegisterWorker): Promise<RegisteredWorker>
  heartbeat(workerId: string, heartbeat: WorkerHeartbeat): Promise<WorkerOrders>
  removeWorker(workerId: string): Promise<void>
  claim(jobId: string, claim: ClaimRequest): Promise<Claim>
  report(ref: AttemptRef, report: Report): Promise<void>
  saveCheckpoint(ref: AttemptRef, checkpoint: CheckpointReport): Promise<void>
  saveArtifacts(ref: AttemptRef, report: ArtifactReport): Promise<void>
  finish(ref: AttemptRef, outcome: Outcome): Promise<JobState>
  getTeacher(key: string): Promise<TrainedTeacher>
  saveTeacher(teacher: TrainedTeacher): Promise<void>
  /** The exported student of a succeeded job, as tfjs LayersModel files. */
  getJobModel(id: string): Promise<ModelFiles>

  // --- content
  hasBlob(sha256: string): Promise<boolean>
  /** Stores a stream; refuses it when its digest differs. */
  putBlob(sha256: string, content: Readable): Promise<void>
  /** Stores a stream under the digest that it turns out to have; kept for good once something refers to it. */
  addBlob(content: Readable): Promise<{ sha256: string; size: number }>
  /** Bytes `start`..`end` inclusive, or all. */
  getBlob(sha256: string, range?: { start: number; end: number }): Promise<{ stream: Readable; size: number }>

  // --- life
  /** Starts the background work of this replica: dispatcher (one leader), sweeper, outbox relay. */
  start(): Promise<void>
  /** Whether database, queue and artifact store answer. */
  ready(): Promise<{ database: boolean; queue: boolean; artifacts: boolean }>
  close(): Promise<void>
}
