// The whole service as one typed object. Requests and answers are typed by the generated OpenAPI types and handed out
// as spec's types, so a route that drifts from the spec does not compile.
import type * as spec from '@stillhouse/spec'
import type { Download, DownloadOptions } from './download.ts'
import type { components } from './generated/openapi.ts'
import type { CallOptions } from './send.ts'
import type { WatchOptions } from './watch-events.ts'

/** A job as a user writes it: an object, or text with its media type. */
export type JobSource =
  | components['schemas']['JobInput']
  | { readonly body: string; readonly contentType: 'application/json' | 'application/yaml' }

/** Jobs that name each other: an object, or text with its media type. */
export type GraphSource = { readonly jobs: object } | Extract<JobSource, { body: string }>

/** For keys of the cluster: the team that is meant. */
export interface TeamOption {
  readonly team?: string
}

export interface TeamPageQuery extends TeamOption {
  readonly limit?: number
  readonly cursor?: string
}

export interface JobQuery extends TeamPageQuery {
  readonly state?: spec.JobState
  /** `key=value` pairs that must all hold. */
  readonly labels?: readonly string[]
}

export interface PageQuery {
  readonly after?: number
  readonly limit?: number
}

export interface AttemptRef {
  readonly jobId: string
  readonly attempt: number
}

/** What can be sent as content. A stream is sent as it comes, without being held in memory. */
export type Content = Uint8Array<ArrayBuffer> | Blob | ReadableStream<Uint8Array<ArrayBuffer>>

/** A file under its path. A function opens it when its turn comes. */
export interface NamedContent {
  readonly path: string
  readonly content: Content | (() => Content | Promise<Content>)
}

/** Every call rejects with ApiProblem, ApiUnreachable, or the reason of its signal. */
export interface Client {
  readonly baseUrl: string

  submitJob(
    job: JobSource,
    options?: CallOptions & TeamOption & { idempotencyKey?: string },
  ): Promise<{ job: spec.Job; replayed: boolean }>
  /** All of the jobs, or none. */
  submitJobGraph(
    graph: GraphSource,
    options?: CallOptions & TeamOption & { idempotencyKey?: string },
  ): Promise<spec.JobGraph & { replayed: boolean }>
  validateJobGraph(graph: GraphSource, options?: CallOptions & TeamOption): Promise<spec.GraphValidation>
  validateJob(job: JobSource, options?: CallOptions & TeamOption): Promise<spec.Validation>
  getJob(id: string, options?: CallOptions): Promise<spec.Job>
  listJobs(query?: JobQuery, options?: CallOptions): Promise<spec.JobPage>
  cancelJob(id: string, options?: CallOptions): Promise<spec.Job>
  retryJob(id: string, options?: CallOptions): Promise<spec.Job>
  changeJob(id: string, change: spec.JobChange, options?: CallOptions): Promise<spec.Job>
  /** At most so many at once: while the answer has a `nextCursor`, send the same again with it. */
  changeJobs(change: spec.JobsChange, options?: CallOptions & TeamOption): Promise<spec.ChangedJobs>
  listMetrics(id: string, query?: PageQuery & { name?: string }, options?: CallOptions): Promise<spec.MetricPage>
  listLogs(id: string, query?: PageQuery, options?: CallOptions): Promise<spec.LogPage>
  /** Each event once and in order, across lost connections; ends after the last one of a finished job. */
  watchEvents(id: string, options?: WatchOptions): AsyncGenerator<spec.JobEvent>
  listArtifacts(id: string, options?: CallOptions): Promise<spec.Artifact[]>
  downloadArtifact(id: string, path: string, options?: DownloadOptions): Promise<Download>
  getCatalog(options?: CallOptions): Promise<spec.Catalog>
  listWorkers(options?: CallOptions): Promise<spec.Worker[]>
  /** Whose turn it is, and why each job waits. */
  getQueue(query?: { readonly team?: string; readonly limit?: number }, options?: CallOptions): Promise<spec.QueueView>
  changeWorker(id: string, change: spec.WorkerChange, options?: CallOptions): Promise<spec.Worker>
  /** Whether the service answers and has all it needs. Never rejects. */
  isReady(options?: CallOptions): Promise<boolean>

  uploadModel(
    model: { json: string | Blob; weights: Uint8Array<ArrayBuffer> | Blob },
    options?: CallOptions & TeamOption,
  ): Promise<spec.UploadedModel>
  getModel(id: string, options?: CallOptions): Promise<spec.UploadedModel>
  getModelFiles(id: string, options?: CallOptions): Promise<spec.ModelFiles>
  getJobModel(id: string, options?: CallOptions): Promise<spec.ModelFiles>

  /** Sends files under their paths, one after another; the same files again are the same data set. */
  uploadDataset(
    files: Iterable<NamedContent>,
    options?: CallOptions & TeamOption,
  ): Promise<{ dataset: spec.Dataset; isNew: boolean }>
  /** With a team: only if the team has it. */
  getDataset(id: string, options?: CallOptions & TeamOption): Promise<spec.Dataset>
  listDatasets(query?: TeamPageQuery, options?: CallOptions): Promise<spec.DatasetPage>

  /** Which key this is. */
  getMe(options?: CallOptions): Promise<spec.Me>
  createTeam(team: spec.NewTeam, options?: CallOptions): Promise<spec.Team>
  listTeams(options?: CallOptions): Promise<spec.Team[]>
  getTeam(name: string, options?: CallOptions): Promise<spec.Team>
  updateTeam(name: string, change: spec.TeamChange, options?: CallOptions): Promise<spec.Team>
  createKey(key: spec.NewApiKey, options?: CallOptions): Promise<spec.IssuedKey>
  listKeys(query?: TeamPageQuery, options?: CallOptions): Promise<spec.ApiKeyPage>
  rotateKey(id: string, query?: { graceSeconds?: number }, options?: CallOptions): Promise<spec.IssuedKey>
  revokeKey(id: string, options?: CallOptions): Promise<void>
  /** Of the team of the key, or of `team`; the secret is shown this once. */
  createWebhook(webhook: spec.NewWebhook, options?: CallOptions & TeamOption): Promise<spec.IssuedWebhook>
  listWebhooks(query?: TeamPageQuery, options?: CallOptions): Promise<spec.WebhookPage>
  deleteWebhook(id: string, options?: CallOptions): Promise<void>
  listDeliveries(
    id: string,
    query?: { limit?: number; cursor?: string },
    options?: CallOptions,
  ): Promise<spec.WebhookDeliveryPage>
  replayDelivery(id: string, delivery: number, options?: CallOptions): Promise<spec.WebhookDelivery>
  listAudit(
    query?: TeamPageQuery & { action?: spec.AuditAction; target?: string },
    options?: CallOptions,
  ): Promise<spec.AuditPage>
  listMends(
    query?: { limit?: number; cursor?: string; kind?: spec.MendKind },
    options?: CallOptions,
  ): Promise<spec.MendPage>
  /** One stretch; give its `nextCursor` to go on. */
  reconcile(query?: { dryRun?: boolean; cursor?: string }, options?: CallOptions): Promise<spec.Reconciliation>

  registerWorker(worker: spec.RegisterWorker, options?: CallOptions): Promise<spec.RegisteredWorker>
  heartbeat(workerId: string, heartbeat: spec.WorkerHeartbeat, options?: CallOptions): Promise<spec.WorkerOrders>
  removeWorker(workerId: string, options?: CallOptions): Promise<void>
  claimJob(jobId: string, claim: spec.ClaimRequest, options?: CallOptions): Promise<spec.Claim>
  report(ref: AttemptRef, report: spec.Report, options?: CallOptions): Promise<void>
  saveCheckpoint(ref: AttemptRef, checkpoint: spec.CheckpointReport, options?: CallOptions): Promise<void>
  saveArtifacts(ref: AttemptRef, report: spec.ArtifactReport, options?: CallOptions): Promise<void>
  finish(ref: AttemptRef, outcome: spec.Outcome, options?: CallOptions): Promise<spec.JobState>
  getTeacher(key: string, options?: CallOptions): Promise<spec.TrainedTeacher>
  saveTeacher(teacher: spec.TrainedTeacher, options?: CallOptions): Promise<void>

  hasBlob(sha256: string, options?: CallOptions): Promise<boolean>
  /** Sends content unless it is there already. */
  uploadBlob(sha256: string, content: Content, options?: CallOptions): Promise<'stored' | 'present'>
  downloadBlob(sha256: string, options?: CallOptions): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>
}
