// The event catalogue: what a job's event stream (SSE) carries, numbered per job.
import { type Static, Type } from 'typebox'
import { JOB_STATES } from './job-state.ts'
import { JobFailure, JobProgress, JobResult } from './wire.ts'

const strict = { additionalProperties: false } as const
const Attempt = Type.Integer({ minimum: 0 })

/** Payloads by event type. */
export const EVENT_TYPES = {
  /** The job changed state. The last event of a job that is finished. */
  state: Type.Object(
    {
      state: Type.Enum([...JOB_STATES]),
      attempt: Attempt,
      reason: Type.Optional(Type.String()),
      verdict: Type.Optional(Type.Union([Type.Enum(['passed', 'failed']), Type.Null()])),
      result: Type.Optional(JobResult),
      failure: Type.Optional(JobFailure),
    },
    strict,
  ),
  /** Where the training is now; about once a second. */
  progress: Type.Object({ attempt: Attempt, progress: JobProgress }, strict),
  /** An evaluation finished. */
  eval: Type.Object(
    {
      attempt: Attempt,
      stage: Type.String(),
      step: Type.Integer(),
      metrics: Type.Record(Type.String(), Type.Number()),
    },
    strict,
  ),
  /** A checkpoint is stored: a later attempt starts here. */
  checkpoint: Type.Object({ attempt: Attempt, stage: Type.String(), step: Type.Integer() }, strict),
  /** An artifact is stored. */
  artifact: Type.Object({ attempt: Attempt, path: Type.String(), sha256: Type.String(), size: Type.Integer() }, strict),
  /** Something worth knowing that is no failure, e.g. a trained teacher was reused. */
  note: Type.Object({ attempt: Attempt, message: Type.String() }, strict),
} as const

export type EventType = keyof typeof EVENT_TYPES
export type EventPayload<T extends EventType> = Static<(typeof EVENT_TYPES)[T]>

/** An event without its number. */
export type JobEventBody = { [T in EventType]: { type: T; data: EventPayload<T> } }[EventType]

/** An event as stored and streamed: `seq` is the SSE id, counts up per job without gaps. */
export type JobEvent = JobEventBody & { seq: number; at: string }
