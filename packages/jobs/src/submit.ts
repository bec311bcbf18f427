// Takes in a job. The same Idempotency-Key of a team with the same body gives the same job, however often and at once it
// comes.
import { createHash } from 'node:crypto'
import { isStorable, type JobRow, type Tables, uuidV7 } from '@stillhouse/db'
import { ApiError } from '@stillhouse/kit'
import { canonicalJson, type Fault, type Job, type JobSpec, needsKey } from '@stillhouse/spec'
import type { JobContext } from './job-context.ts'
import type { Submission, TeamCaller } from './job-service.ts'
import { lookAround } from './look-around.ts'
import { paceKey, trainingUnits } from './pace-key.ts'
import { withLastPlace, withPlaces } from './queue-place.ts'
import { boundQueue } from './quotas.ts'
import { record } from './record.ts'

interface Submitted {
  readonly job: Job
  readonly replayed: boolean
}

/** @throws ApiError spec.invalid, idempotency.mismatch, quota.jobs_queued, quota.artifact_bytes */
export async function submit(context: JobContext, caller: TeamCaller, submission: Submission): Promise<Submitted> {
  const { teamId } = caller
  const { spec, idempotencyKey = null, bodyHash } = submission
  assertStorable(spec)
  const id = uuidV7()
  const specHash = createHash('sha256').update(canonicalJson(spec)).digest('hex')
  const asked = { id, teamId, spec, specHash, bodyHash, idempotencyKey, needs: needsKey(spec.resources) }
  const known = { trainingUnits: trainingUnits(spec), paceKey: paceKey(spec), traceparent: caller.traceparent ?? null }
  const overview = await lookAround(context)
  const { row, isNew } = await context.db.transaction(async (tx) => {
    const assertWithinQuotas = await boundQueue(tx, teamId)
    const isNew = await tx.jobs.insert({ ...asked, ...known })
    if (isNew) await assertWithinQuotas()
    // a repeated transaction may find that its first try was committed after all: same id, not a replay
    const row = (await tx.jobs.find(id)) ?? (await replayed(tx, teamId, submission))
    if (isNew) await announce(tx, caller, row)
    return { row, isNew: row.id === id }
  })
  if (isNew) return { job: withLastPlace(row, overview), replayed: false }
  const [job] = await context.db.read((tables) => withPlaces(context, tables, [row]))
  return { job: job as Job, replayed: true }
}

async function announce(tx: Tables, caller: TeamCaller, { id, name, priority }: JobRow): Promise<void> {
  const { teamId } = caller
  await record(tx, caller, { action: 'submitJob', target: { kind: 'job', id }, teamId, detail: { name, priority } })
  await tx.events.append(id, [{ type: 'state', data: { state: 'queued', attempt: 0 } }])
  await tx.signals.work()
}

async function replayed(tx: Tables, teamId: string, { idempotencyKey, bodyHash }: Submission): Promise<JobRow> {
  const job = idempotencyKey === undefined ? null : await tx.jobs.findByKey(teamId, idempotencyKey)
  if (!job) throw new Error('a job was refused by the database although neither its id nor its key is taken')
  if (job.bodyHash !== bodyHash)
    throw new ApiError(
      'idempotency.mismatch',
      `This Idempotency-Key was used for job ${job.id} with another body. Send the same body to get that job, or a ` +
        'new key to submit another.',
    )
  return job
}

/** Labels are searched, so PostgreSQL must be able to hold them as text. */
function assertStorable(spec: JobSpec): void {
  const faults = Object.entries(spec.labels).flatMap(([key, value]): Fault[] =>
    isStorable(value)
      ? []
      : [
          {
            path: `/labels/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`,
            message: 'holds a character that cannot be stored',
            expected: 'text without NUL characters and broken surrogate pairs',
            received: JSON.stringify(value),
          },
        ],
  )
  if (faults.length > 0) throw new ApiError('spec.invalid', 'A label cannot be stored.', { faults })
}
