// What the public API answers: schemas that validate, document and type every response.
import { type Static, Type } from 'typebox'
import { Fault } from './fault.ts'
import { JobSpec } from './job-spec.ts'
import { JOB_STATES } from './job-state.ts'
import { MODEL_FORMATS } from './model-export.ts'
import { Nullable, strict, Timestamp } from './schema-parts.ts'

const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' })
export const Uuid = Type.String({ format: 'uuid' })
/** A time as callers send it: RFC 3339 allows years and offsets that PostgreSQL refuses. */
export const SentTime = {
  format: 'date-time',
  pattern: '^[12]\\d{3}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,9})?(Z|[+-](0\\d|1[0-4]):[0-5]\\d)$',
  patternErrorMessage: 'a time such as 2027-06-30T00:00:00Z',
} as const

export const JobProgress = Type.Object(
  {
    stage: Type.String({ description: 'what runs now: teacher, the stages of the method, baseline, evaluate, export' }),
    stageIndex: Type.Integer({ minimum: 0 }),
    stageCount: Type.Integer({ minimum: 1 }),
    step: Type.Integer({ minimum: 0, description: 'training steps done in this stage' }),
    steps: Type.Integer({ minimum: 0 }),
    epoch: Type.Number({ minimum: 0 }),
    epochs: Type.Number({ minimum: 0 }),
    loss: Type.Optional(Type.Number()),
    imagesPerSecond: Type.Optional(Type.Number()),
    secondsLeft: Type.Optional(Type.Number({ description: 'of this stage, from measured step times' })),
  },
  strict,
)
export type JobProgress = Static<typeof JobProgress>

/**
 * Why a job waits, as a word: next (a slot is free), busy (every slot that fits is), share (other teams are due first),
 * reserved (a free slot is kept for a job ahead), quota (of its team), worker (none has what it asks for), dependency (on
 * other jobs), back-off (after a failure), hand-over (on its way to a worker).
 */
export const WAIT_KINDS = [
  'next',
  'busy',
  'share',
  'reserved',
  'quota',
  'worker',
  'dependency',
  'back-off',
  'hand-over',
] as const
export type WaitKind = (typeof WAIT_KINDS)[number]

export const JobQueuePlace = Type.Object(
  {
    position: Nullable(
      Type.Integer({
        minimum: 1,
        description: '1 = next, over all teams; null while something other than the line holds the job back',
      }),
    ),
    kind: Type.Enum([...WAIT_KINDS], { description: 'why the job waits, as a word' }),
    reason: Type.String({ description: 'why the job waits' }),
    expectedStart: Nullable(
      Type.String({
        format: 'date-time',
        description: 'from the measured pace of the jobs that run and of jobs like those ahead; null: not known yet',
      }),
    ),
  },
  strict,
)
export type JobQueuePlace = Static<typeof JobQueuePlace>

export const GateOutcome = Type.Object(
  { metric: Type.String(), condition: Type.String(), actual: Nullable(Type.Number()), passed: Type.Boolean() },
  strict,
)

export const JobResult = Type.Object(
  { metrics: Type.Record(Type.String(), Type.Number()), gates: Type.Array(GateOutcome) },
  strict,
)
export type JobResult = Static<typeof JobResult>

export const JobFailure = Type.Object({ code: Type.String(), message: Type.String(), hint: Type.String() }, strict)
export type JobFailure = Static<typeof JobFailure>

export const Job = Type.Object(
  {
    id: Uuid,
    team: Type.String({ description: 'whose job it is' }),
    name: Type.String(),
    state: Type.Enum([...JOB_STATES]),
    verdict: Nullable(Type.Enum(['passed', 'failed'])),
    attempt: Type.Integer({ minimum: 0, description: 'attempts started or handed out; 0 before the first' }),
    priority: Type.Integer(),
    preemptible: Type.Boolean({ description: 'may be stopped, at a checkpoint, for a job of higher priority' }),
    labels: Type.Record(Type.String(), Type.String()),
    spec: JobSpec,
    specHash: Sha256,
    progress: Nullable(JobProgress),
    queue: Nullable(JobQueuePlace),
    result: Nullable(JobResult),
    failure: Nullable(JobFailure),
    cancelRequested: Type.Boolean(),
    createdAt: Timestamp,
    startedAt: Nullable(Timestamp),
    finishedAt: Nullable(Timestamp),
  },
  { ...strict, $id: 'Job' },
)
export type Job = Static<typeof Job>

export const JobPage = Type.Object({ items: Type.Array(Job), nextCursor: Nullable(Type.String()) }, strict)
export type JobPage = Static<typeof JobPage>

/** One point of a training metric. `seq` counts up per job without gaps; a repeat of an attempt reuses it. */
export const MetricPoint = Type.Object(
  {
    seq: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
    name: Type.String({ maxLength: 128 }),
    stage: Type.String({ maxLength: 64 }),
    step: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
    epoch: Type.Number({ minimum: 0 }),
    value: Type.Number(),
  },
  strict,
)
export type MetricPoint = Static<typeof MetricPoint>

export const MetricPage = Type.Object(
  {
    items: Type.Array(MetricPoint),
    lastSeq: Type.Integer({ minimum: 0, description: 'pass as `after` to go on from here' }),
    complete: Type.Boolean({ description: 'true when the job is finished and nothing follows' }),
  },
  strict,
)
export type MetricPage = Static<typeof MetricPage>

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const

export const LogLine = Type.Object(
  {
    seq: Type.Integer({ minimum: 1 }),
    attempt: Type.Integer({ minimum: 1 }),
    at: Timestamp,
    level: Type.Enum([...LOG_LEVELS]),
    message: Type.String(),
  },
  strict,
)
export type LogLine = Static<typeof LogLine>

export const LogPage = Type.Object(
  { items: Type.Array(LogLine), lastSeq: Type.Integer({ minimum: 0 }), complete: Type.Boolean() },
  strict,
)
export type LogPage = Static<typeof LogPage>

export const ARTIFACT_KINDS = ['export', 'checkpoint', 'teacher', 'report'] as const

export const Artifact = Type.Object(
  {
    path: Type.String({ description: 'e.g. export/tfjs-layers/model.json' }),
    kind: Type.Enum([...ARTIFACT_KINDS]),
    sha256: Sha256,
    size: Type.Integer({ minimum: 0, description: 'bytes' }),
    contentType: Type.String(),
    attempt: Type.Integer({ minimum: 1 }),
    createdAt: Timestamp,
  },
  strict,
)
export type Artifact = Static<typeof Artifact>

export const ArtifactList = Type.Object({ items: Type.Array(Artifact) }, strict)
export type ArtifactList = Static<typeof ArtifactList>

export const Device = Type.Object(
  {
    kind: Type.Enum(['cpu', 'gpu']),
    name: Type.String(),
    memoryGb: Type.Optional(Type.Number()),
  },
  strict,
)
export type Device = Static<typeof Device>

export const WORKER_MODES = ['active', 'cordoned', 'draining'] as const
export type WorkerMode = (typeof WORKER_MODES)[number]

export const WorkerJob = Type.Object(
  {
    id: Uuid,
    name: Type.String(),
    team: Type.String(),
    attempt: Type.Integer({ minimum: 1 }),
    progress: Nullable(
      Type.Number({ minimum: 0, maximum: 1, description: 'part of the steps that is done; null: not known yet' }),
    ),
    stopReason: Nullable(Type.String({ description: 'why it is wanted back; null: it runs on' })),
  },
  strict,
)
export type WorkerJob = Static<typeof WorkerJob>

export const Worker = Type.Object(
  {
    id: Uuid,
    name: Type.String(),
    host: Type.String(),
    version: Type.String(),
    state: Type.Enum(['active', 'draining', 'gone']),
    slots: Type.Integer({ minimum: 1 }),
    busy: Type.Integer({ minimum: 0, description: 'jobs that it runs, of all teams' }),
    jobs: Type.Array(WorkerJob, { description: 'of those the ones that the key may see' }),
    devices: Type.Array(Device),
    labels: Type.Record(Type.String(), Type.String()),
    memoryGb: Nullable(Type.Number({ description: 'of the machine; null: it does not say' })),
    mode: Type.Enum([...WORKER_MODES], {
      description: 'what an administrator wants: cordoned takes no new jobs, draining also hands back those it runs',
    }),
    handsBack: Type.Boolean({
      description:
        'whether it can hand back a job that it runs; without, the jobs of a drained worker run to their end',
    }),
    lastSeenAt: Timestamp,
  },
  { ...strict, $id: 'Worker' },
)
export type Worker = Static<typeof Worker>

export const WorkerChange = Type.Object({ mode: Type.Enum([...WORKER_MODES]) }, strict)
export type WorkerChange = Static<typeof WorkerChange>

export const WorkerList = Type.Object({ items: Type.Array(Worker) }, strict)
export type WorkerList = Static<typeof WorkerList>

export const CatalogEntry = Type.Object(
  {
    name: Type.String(),
    title: Type.String(),
    summary: Type.String(),
    paper: Nullable(
      Type.Object({ title: Type.String(), authors: Type.String(), venue: Type.String(), year: Type.Integer() }, strict),
    ),
    tasks: Type.Array(Type.String()),
    parameters: Type.Record(Type.String(), Type.Unknown(), { description: 'JSON Schema of `params`' }),
  },
  strict,
)
export type CatalogEntry = Static<typeof CatalogEntry>

export const Catalog = Type.Object(
  {
    methods: Type.Array(CatalogEntry),
    models: Type.Array(CatalogEntry),
    data: Type.Array(CatalogEntry),
    exports: Type.Array(CatalogEntry),
    jobSchema: Type.Record(Type.String(), Type.Unknown(), { description: 'JSON Schema of the job spec' }),
    metrics: Type.Record(Type.String(), Type.String(), { description: 'metrics that gates may name' }),
  },
  strict,
)
export type Catalog = Static<typeof Catalog>

const GRAPHS_TELL_NOTHING = 'empty for other formats than tfjs-layers: it shows when the model runs'

/** A model sent by a user, usable as `teacher: {from: {upload: id}}`. */
export const UploadedModel = Type.Object(
  {
    id: Sha256,
    format: Type.Enum([...MODEL_FORMATS]),
    inputShape: Type.Array(Type.Integer(), { description: `without the batch axis; ${GRAPHS_TELL_NOTHING}` }),
    outputShape: Type.Array(Type.Integer(), { description: `without the batch axis; ${GRAPHS_TELL_NOTHING}` }),
    params: Type.Integer({ minimum: 0, description: '0 for other formats than tfjs-layers' }),
    size: Type.Integer({ minimum: 0, description: 'bytes' }),
    createdAt: Timestamp,
  },
  { ...strict, $id: 'UploadedModel' },
)
export type UploadedModel = Static<typeof UploadedModel>

export const Validation = Type.Object(
  { valid: Type.Boolean(), spec: Nullable(JobSpec), faults: Type.Array(Fault) },
  strict,
)
export type Validation = Static<typeof Validation>
