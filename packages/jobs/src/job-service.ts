// The contract between the HTTP layer and the use cases: everything the service can do, without HTTP and without SQL.
// Every method throws ApiError (kit) with a catalogue code for what a caller can do wrong.
import type { Readable } from 'node:stream'
import type {
  ApiKeyPage,
  Artifact,
  ArtifactReport,
  AuditAction,
  AuditPage,
  ChangedJobs,
  CheckpointReport,
  Claim,
  ClaimRequest,
  Dataset,
  DatasetFile,
  DatasetPage,
  Fault,
  IssuedKey,
  IssuedWebhook,
  Job,
  JobChange,
  JobEvent,
  JobPage,
  JobSpec,
  JobState,
  JobsChange,
  LogPage,
  MendKind,
  MendPage,
  MetricPage,
  ModelFiles,
  NewApiKey,
  NewTeam,
  NewWebhook,
  Outcome,
  QueueView,
  Reconciliation,
  RegisteredWorker,
  RegisterWorker,
  Report,
  Scope,
  StoredFile,
  Team,
  TeamChange,
  TrainedTeacher,
  UploadedModel,
  WebhookDelivery,
  WebhookDeliveryPage,
  WebhookPage,
  Worker,
  WorkerChange,
  WorkerHeartbeat,
  WorkerOrders,
} from '@stillhouse/spec'
import type { BackgroundStats, QueueStats, ServiceTotals } from './queue-stats.ts'

/** A key that was presented and found valid. */
export interface KeyHolder {
  readonly id: string
  readonly name: string
  readonly scopes: readonly Scope[]
  /** Null for the cluster's own keys. */
  readonly teamId: string | null
  /** The team's name. */
  readonly team: string | null
  readonly expiresAt: string | null
}

export interface Caller {
  readonly keyId: string
  readonly keyName: string
  readonly scopes: readonly Scope[]
  /** Everything that this caller sees belongs to this team; null (a key of the cluster): sees every team's. */
  readonly teamId: string | null
  readonly requestId: string
  /** W3C trace context of the call. */
  readonly traceparent?: string
}

/** A caller on behalf of one team: sees what the team sees, and what it sends is the team's. */
export interface TeamCaller extends Caller {
  readonly teamId: string
}

export interface Submission {
  /** Canonical spec, already checked against schema and shelves. */
  readonly spec: JobSpec
  readonly idempotencyKey?: string
  /** Hex sha256 of the request body as sent; compared on replay of a key. */
  readonly bodyHash: string
}

export interface GraphSubmission extends Omit<Submission, 'spec'> {
  /** At least one; a job comes after those that it waits for. Specs name each other by these ids (`newJobIds`). */
  readonly jobs: readonly { readonly id: string; readonly name: string; readonly spec: JobSpec }[]
}

export interface JobFilter {
  readonly state?: JobState
  /** Name of a team: only its jobs. */
  readonly team?: string
  /** `key=value` pairs that must all hold. */
  readonly labels: Readonly<Record<string, string>>
  /** 1..200 */
  readonly limit: number
  readonly cursor?: string
}

/** What to show of the queue. */
export interface QueueQuestion {
  /** Name of a team: only its jobs. */
  readonly team?: string
  /** Of the jobs that are listed, 1..200. */
  readonly limit: number
}

export interface Page {
  /** Items with seq > after. */
  readonly after: number
  readonly limit: number
}

/** A page of a list that can be narrowed to one team. */
export interface TeamPage {
  /** 1..200 */
  readonly limit: number
  readonly cursor?: string
  /** Name of a team. */
  readonly team?: string
}

export interface AuditFilter extends TeamPage {
  readonly action?: AuditAction
  /** Id of what was changed; of a team its name. */
  readonly target?: string
}

export interface MendFilter {
  readonly kind?: MendKind
  /** 1..200 */
  readonly limit: number
  readonly cursor?: string
}

export interface ReconcileRequest {
  /** Only look. */
  readonly dryRun: boolean
  /** Go on where an earlier call stopped. */
  readonly cursor?: string
}

/** The one worker attempt that may write: the fencing token. */
export interface AttemptRef {
  readonly jobId: string
  readonly attempt: number
}

/** What a caller can do. What belongs to another team does not exist: it is `….not_found`, as if it had never been. */
export interface CallerService {
  /** The same on behalf of one team: its own; for a key of the cluster the one of this name, or `default`. */
  inTeam(team?: string): Promise<TeamService>

  getJob(id: string): Promise<Job>
  listJobs(filter: JobFilter): Promise<JobPage>
  showQueue(question: QueueQuestion): Promise<QueueView>
  cancelJob(id: string): Promise<Job>
  retryJob(id: string): Promise<Job>
  changeJob(change: JobChange & { id: string }): Promise<Job>
  listMetrics(id: string, page: Page & { name?: string }): Promise<MetricPage>
  listLogs(id: string, page: Page): Promise<LogPage>
  listEvents(id: string, page: Page): Promise<{ items: JobEvent[]; complete: boolean }>
  listArtifacts(id: string): Promise<Artifact[]>
  getArtifact(id: string, path: string): Promise<Artifact>
  /** The exported student of a succeeded job, as tfjs LayersModel files. */
  getJobModel(id: string): Promise<ModelFiles>

  // --- models and data sets sent by users
  getModel(id: string): Promise<UploadedModel>
  getModelFiles(id: string): Promise<ModelFiles>
  getDataset(id: string): Promise<Dataset>
  hasDataset(id: string): Promise<boolean>
  /** Newest first. */
  listDatasets(page: TeamPage): Promise<DatasetPage>

  // --- machines
  /** All of them; of the jobs on them those that the caller may see. */
  listWorkers(): Promise<Worker[]>
  changeWorker(change: WorkerChange & { id: string }): Promise<Worker>

  // --- administration
  createTeam(team: NewTeam): Promise<Team>
  listTeams(): Promise<Team[]>
  getTeam(name: string): Promise<Team>
  updateTeam(change: TeamChange & { name: string }): Promise<Team>
  createKey(key: NewApiKey): Promise<IssuedKey>
  /** Newest first. */
  listKeys(page: TeamPage): Promise<ApiKeyPage>
  rotateKey(rotation: { id: string; graceSeconds: number }): Promise<IssuedKey>
  revokeKey(id: string): Promise<void>
  /** Newest first. */
  listWebhooks(page: TeamPage): Promise<WebhookPage>
  deleteWebhook(id: string): Promise<void>
  /** Newest first. */
  listDeliveries(page: { id: string; limit: number; cursor?: string }): Promise<WebhookDeliveryPage>
  replayDelivery(which: { id: string; delivery: number }): Promise<WebhookDelivery>
  /** Newest first. */
  listAudit(filter: AuditFilter): Promise<AuditPage>
  /** Newest first. */
  listMends(filter: MendFilter): Promise<MendPage>
  /** Looks for what disagrees between database, queue, workers and store, and mends it. */
  reconcile(request: ReconcileRequest): Promise<Reconciliation>
}

/** What a caller can do on behalf of one team: what is sent here is the team's, and only its own can be named in it. */
export interface TeamService extends CallerService {
  /** What is wrong with whom the job would wait for; `submit` refuses it for the same. */
  dependencyFaults(spec: JobSpec): Promise<Fault[]>
  submit(submission: Submission): Promise<{ job: Job; replayed: boolean }>
  /** All of the jobs, or none. */
  submitGraph(submission: GraphSubmission): Promise<{ jobs: Record<string, Job>; replayed: boolean }>
  /** Of the team's jobs. */
  changeJobs(change: JobsChange): Promise<ChangedJobs>
  saveModel(model: Omit<UploadedModel, 'createdAt'>, files: readonly StoredFile[]): Promise<UploadedModel>
  /** Saves a data set whose files are stored, under the hash of its manifest; the same files again are no news. */
  saveDataset(files: readonly DatasetFile[]): Promise<{ dataset: Dataset; isNew: boolean }>
  createWebhook(webhook: NewWebhook): Promise<IssuedWebhook>
}

export interface JobService {
  /** The only way to jobs, data sets and models for whoever holds a key. */
  as(caller: Caller): CallerService

  /** Calls back (without payload) whenever the job may have new events; returns unsubscribe. Wakes across API replicas. */
  watchJob(id: string, wake: () => void): () => void
  stats(): Promise<QueueStats>
  /** Of the whole service, from the first call on. */
  totals(): Promise<ServiceTotals>
  /** Of this process. */
  background(): BackgroundStats

  // --- keys
  /**
   * The key with this secret, or null. Compared in constant time.
   * @throws ApiError auth.invalid for one that was revoked, rotated or has expired
   */
  authenticate(secret: string): Promise<KeyHolder | null>
  /** Makes the key of the cluster known (idempotent): local start and cluster secrets. */
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
