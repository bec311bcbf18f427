// One call about many jobs: which ones, what to do with them, and what came of it; and jobs that were sent together.
import { type Static, Type } from 'typebox'
import { Fault } from './fault.ts'
import { LABEL_NAME_PATTERN } from './job-spec.ts'
import { JOB_STATES } from './job-state.ts'
import { Job, Uuid } from './wire.ts'

const strict = { additionalProperties: false } as const

export const Priority = Type.Integer({ minimum: 0, maximum: 100, description: 'higher runs first' })

/** What may be changed of a job that has not ended. */
export const JobChange = Type.Object({ priority: Priority }, strict)
export type JobChange = Static<typeof JobChange>

/** Jobs that one call considers. */
export const MOST_CHANGED = 100

export const JOBS_ACTIONS = ['cancel', 'retry', 'set-priority'] as const
export type JobsAction = (typeof JOBS_ACTIONS)[number]

export const JobsChange = Type.Object(
  {
    action: Type.Enum([...JOBS_ACTIONS]),
    priority: Type.Optional(Type.Integer({ minimum: 0, maximum: 100, description: 'with set-priority' })),
    labels: Type.Optional(
      Type.Record(Type.String({ pattern: LABEL_NAME_PATTERN }), Type.String({ maxLength: 128 }), {
        minProperties: 1,
        maxProperties: 16,
        description: 'labels that a job must have, all of them; labels or ids must be given',
      }),
    ),
    ids: Type.Optional(
      Type.Array(Uuid, {
        minItems: 1,
        maxItems: MOST_CHANGED,
        description: 'with labels: those of them that have these',
      }),
    ),
    state: Type.Optional(
      Type.Enum([...JOB_STATES], {
        description: 'only jobs in this state; default: with labels alone, all for which the action means something',
      }),
    ),
    dryRun: Type.Optional(Type.Boolean({ description: 'says what would be changed; quotas are not looked at' })),
    cursor: Type.Optional(
      Type.String({ pattern: '^[A-Za-z0-9_=.-]{1,512}$', description: '`nextCursor` of the call before' }),
    ),
  },
  strict,
)
export type JobsChange = Static<typeof JobsChange>

export const ChangedJobs = Type.Object(
  {
    matched: Type.Integer({ minimum: 0, description: 'jobs that were considered' }),
    changed: Type.Integer({ minimum: 0, description: 'with dryRun: that would be changed' }),
    ids: Type.Array(Uuid, { description: 'of the changed ones' }),
    unchanged: Type.Array(Type.Object({ id: Uuid, reason: Type.String() }, strict)),
    nextCursor: Type.Union([Type.String(), Type.Null()], {
      description: 'there are more: send the same again with it',
    }),
  },
  { ...strict, $id: 'ChangedJobs' },
)
export type ChangedJobs = Static<typeof ChangedJobs>

/** Names of jobs within a document of several. */
export const GRAPH_NAME_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$'

/** Jobs of one document. */
export const MOST_IN_GRAPH = 100

export const JobGraph = Type.Object(
  { jobs: Type.Record(Type.String(), Job, { description: 'by their names in the document' }) },
  { ...strict, $id: 'JobGraph' },
)
export type JobGraph = Static<typeof JobGraph>

export const GraphValidation = Type.Object({ valid: Type.Boolean(), faults: Type.Array(Fault) }, strict)
export type GraphValidation = Static<typeof GraphValidation>
