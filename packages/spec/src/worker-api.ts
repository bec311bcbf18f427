// What workers say to the API and hear back. Every write names job and attempt: the attempt is the fencing token.
import { type Static, Type } from 'typebox'
import { EVENT_TYPES } from './events.ts'
import { FAILURE_CODES } from './failure.ts'
import { JobSpec, LABEL_NAME_PATTERN } from './job-spec.ts'
import { MODEL_FORMATS } from './model-export.ts'
import { ARTIFACT_KINDS, Device, JobProgress, LOG_LEVELS, MetricPoint, SentTime, Uuid } from './wire.ts'

const strict = { additionalProperties: false } as const
const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' })
/** Its column is 32 bits wide. */
export const Attempt = Type.Integer({ minimum: 1, maximum: 2_147_483_647 })
/** What is counted without end: a larger number is not exact in JSON, and larger still than its column. */
const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })

/** By name. What has another name is no property that the schema describes, and could be anything. */
const Metrics = Type.Record(Type.String({ pattern: '^[^\\u0000-\\u001f\\u007f]{0,128}$' }), Type.Number(), strict)

/** A path inside a job's artifacts: segments of plain characters, no leading slash, no dot segments. */
export const ARTIFACT_PATH_PATTERN = '^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$'

export const StoredFile = Type.Object(
  {
    path: Type.String({ pattern: ARTIFACT_PATH_PATTERN, maxLength: 400 }),
    sha256: Sha256,
    size: Count,
    contentType: Type.String({ maxLength: 100 }),
  },
  strict,
)
export type StoredFile = Static<typeof StoredFile>

/** What workers learned since the first version. An order that a worker does not know is never sent to it. */
export const WORKER_FEATURES = ['hand-back'] as const
export type WorkerFeature = (typeof WORKER_FEATURES)[number]

export const RegisterWorker = Type.Object(
  {
    name: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$' }),
    host: Type.String({ maxLength: 255 }),
    version: Type.String({ maxLength: 64 }),
    slots: Type.Integer({ minimum: 1, maximum: 64 }),
    devices: Type.Array(Device, { maxItems: 64 }),
    labels: Type.Optional(
      Type.Record(Type.String({ pattern: LABEL_NAME_PATTERN }), Type.String({ pattern: LABEL_NAME_PATTERN }), {
        ...strict,
        description: 'what jobs may ask for in resources.labels; default: none',
      }),
    ),
    memoryGb: Type.Optional(Type.Number({ exclusiveMinimum: 0, description: 'of the machine; default: not known' })),
    features: Type.Optional(
      Type.Array(Type.Enum([...WORKER_FEATURES]), {
        maxItems: 16,
        description: 'orders that it understands beyond go-on, cancel and abandon; default: none',
      }),
    ),
    id: Type.Optional(
      Type.String({
        format: 'uuid',
        description: 'the id that it had, from a worker that the API has forgotten; default: a new one',
      }),
    ),
  },
  strict,
)
export type RegisterWorker = Static<typeof RegisterWorker>

export const RegisteredWorker = Type.Object(
  {
    workerId: Uuid,
    leaseSeconds: Type.Number({ description: 'a job is taken away after this long without a heartbeat' }),
    heartbeatSeconds: Type.Number(),
  },
  strict,
)
export type RegisteredWorker = Static<typeof RegisteredWorker>

/** One call for all of a worker's jobs: renews every lease, brings back what to do. */
export const WorkerHeartbeat = Type.Object(
  {
    state: Type.Enum(['active', 'draining']),
    jobs: Type.Array(Type.Object({ jobId: Uuid, attempt: Attempt }, strict), { maxItems: 64 }),
  },
  strict,
)
export type WorkerHeartbeat = Static<typeof WorkerHeartbeat>

export const WorkerOrders = Type.Object(
  {
    jobs: Type.Array(
      Type.Object(
        {
          jobId: Uuid,
          attempt: Attempt,
          order: Type.Enum(['go-on', 'cancel', 'abandon', 'hand-back'], {
            description:
              'cancel: checkpoint, stop, report; hand-back: the same, and report handed-back; abandon: the attempt is ' +
              'no longer yours, kill it, report nothing',
          }),
          reason: Type.Optional(Type.String({ description: 'why the job is wanted back' })),
        },
        strict,
      ),
    ),
  },
  strict,
)
export type WorkerOrders = Static<typeof WorkerOrders>

export const ClaimRequest = Type.Object({ workerId: Uuid, attempt: Attempt }, strict)
export type ClaimRequest = Static<typeof ClaimRequest>

export const StoredCheckpoint = Type.Object(
  {
    stage: Type.String(),
    step: Count,
    metricSeq: Count,
    files: Type.Array(StoredFile),
  },
  strict,
)
export type StoredCheckpoint = Static<typeof StoredCheckpoint>

export const Claim = Type.Object(
  {
    jobId: Uuid,
    attempt: Attempt,
    spec: JobSpec,
    leaseSeconds: Type.Number(),
    traceparent: Type.Optional(Type.String({ description: 'W3C trace context of the request that sent the job' })),
    checkpoint: Type.Union([StoredCheckpoint, Type.Null()], { description: 'the newest one; resume from it' }),
    fallback: Type.Union([StoredCheckpoint, Type.Null()], {
      description: 'the one before, should the newest prove damaged',
    }),
  },
  strict,
)
export type Claim = Static<typeof Claim>

const eventBody = <T extends keyof typeof EVENT_TYPES>(type: T) =>
  Type.Object({ type: Type.Literal(type), data: EVENT_TYPES[type] }, strict)

/** A batch of what happened. `batch` counts up per attempt; a repeated batch is dropped. */
export const Report = Type.Object(
  {
    batch: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
    metrics: Type.Array(MetricPoint, { maxItems: 10_000 }),
    logs: Type.Array(
      Type.Object(
        {
          at: Type.String(SentTime),
          level: Type.Enum([...LOG_LEVELS]),
          message: Type.String({ maxLength: 16_384 }),
        },
        strict,
      ),
      { maxItems: 10_000 },
    ),
    events: Type.Array(Type.Union([eventBody('eval'), eventBody('note')]), { maxItems: 1000 }),
    progress: Type.Optional(JobProgress),
  },
  strict,
)
export type Report = Static<typeof Report>

/** Announces a stored checkpoint; its blobs are uploaded before. */
export const CheckpointReport = StoredCheckpoint
export type CheckpointReport = StoredCheckpoint

/** Announces stored artifacts (blobs are uploaded before). */
export const ArtifactReport = Type.Object(
  { kind: Type.Enum([...ARTIFACT_KINDS]), files: Type.Array(StoredFile, { minItems: 1, maxItems: 1000 }) },
  strict,
)
export type ArtifactReport = Static<typeof ArtifactReport>

/** A trained teacher, kept under the hash of what determines it. */
export const TrainedTeacher = Type.Object(
  { key: Sha256, files: Type.Array(StoredFile, { minItems: 1 }), metrics: Metrics },
  strict,
)
export type TrainedTeacher = Static<typeof TrainedTeacher>

/** Files of a finished job's or an uploaded model, for use as a teacher. */
export const ModelFiles = Type.Object({ format: Type.Enum([...MODEL_FORMATS]), files: Type.Array(StoredFile) }, strict)
export type ModelFiles = Static<typeof ModelFiles>

/** How an attempt ended. The last thing a worker says about it. */
export const Outcome = Type.Union([
  Type.Object(
    {
      outcome: Type.Literal('succeeded'),
      metrics: Metrics,
      metricSeq: Count,
    },
    strict,
  ),
  Type.Object(
    { outcome: Type.Literal('failed'), code: Type.Enum(FAILURE_CODES), message: Type.String({ maxLength: 4000 }) },
    strict,
  ),
  Type.Object({ outcome: Type.Literal('cancelled') }, strict),
  Type.Object({ outcome: Type.Literal('handed-back'), reason: Type.String({ maxLength: 400 }) }, strict),
])
export type Outcome = Static<typeof Outcome>
