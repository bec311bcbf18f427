// What the service found to disagree – database, queue, workers, artifact store – and what it did about it.
import { type Static, Type } from 'typebox'

const strict = { additionalProperties: false } as const

/** Every kind of disagreement, with what is done about it. Exhaustive: no mend is of another kind. */
export const MEND_KINDS = {
  'hand-over.lost': 'a job given to a worker was not in its queue: handed over again',
  'hand-over.stranded': 'a job given to a worker was not taken: queued again',
  'lease.expired': 'a running job was no longer reported: its attempt was ended',
  'worker.silent': 'a worker was not heard of: counted as gone',
  'worker.suspect': 'different jobs in a row failed on a worker through no fault of theirs: cordoned',
  'outbox.stuck': 'a message to the queue was put off for too long: sent now',
  'queue.extra': 'a message waited for a worker that its job is not given to: removed',
  'artifact.missing': 'the file of an artifact was not in the store: noted in the job',
  'checkpoint.missing': 'a file of a checkpoint was not in the store: the checkpoint was taken off the list',
  'blob.orphaned': 'nothing referred to a stored file: marked for deletion',
  'upload.abandoned': 'an upload was never finished: its file was deleted',
} as const

export type MendKind = keyof typeof MEND_KINDS

const Kind = Type.Enum(Object.keys(MEND_KINDS) as MendKind[])
const Target = Type.String({ description: 'what it was about: id of a job or worker, or name of a stored file' })

export const Mend = Type.Object(
  {
    id: Type.Integer({ minimum: 1 }),
    at: Type.String({ format: 'date-time' }),
    kind: Kind,
    target: Target,
    detail: Type.Record(Type.String(), Type.Unknown()),
  },
  { ...strict, $id: 'Mend' },
)
export type Mend = Static<typeof Mend>

export const MendPage = Type.Object(
  { items: Type.Array(Mend), nextCursor: Type.Union([Type.String(), Type.Null()]) },
  { ...strict, $id: 'MendPage' },
)
export type MendPage = Static<typeof MendPage>

export const Reconciliation = Type.Object(
  {
    dryRun: Type.Boolean(),
    items: Type.Array(
      Type.Object(
        {
          kind: Kind,
          found: Type.Integer({ minimum: 1 }),
          mended: Type.Integer({
            minimum: 0,
            description: 'fewer than found where only the leader may act, which it does every second, or in a dry run',
          }),
          targets: Type.Array(Target, { description: 'the first of them' }),
        },
        strict,
      ),
      { description: 'what disagreed, by kind; empty: nothing did' },
    ),
    walked: Type.Integer({ minimum: 0, description: 'rows and files that were compared with each other' }),
    failed: Type.Array(Type.Object({ check: Type.String(), message: Type.String() }, strict), {
      description: 'checks that could not be made',
    }),
    nextCursor: Type.Union([Type.String(), Type.Null()], {
      description: 'give it as `cursor` to go on where this call stopped; null: everything was looked at',
    }),
  },
  { ...strict, $id: 'Reconciliation' },
)
export type Reconciliation = Static<typeof Reconciliation>
