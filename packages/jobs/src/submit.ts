// Takes in a job. The same Idempotency-Key of a team with the same body gives the same job, however often and at once it
// comes.
import { type JobRow, type Tables, uuidV7 } from '@stillhouse/db'
import { ApiError } from '@stillhouse/kit'
import type { Job } from '@stillhouse/spec'
import { addJob, assertStorable, holdDependencies } from './add-job.ts'
import type { JobContext } from './job-context.ts'
import type { Submission, TeamCaller } from './job-service.ts'
import { lookAround } from './look-around.ts'
import { withLastPlace, withPlaces } from './queue-place.ts'
import { boundQueue } from './quotas.ts'

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
  const overview = await lookAround(context)
  const row = await context.db.transaction(async (tx) => {
    await holdDependencies(tx, caller, [spec])
    const assertWithinQuotas = await boundQueue(tx, teamId)
    const isNew = await addJob(tx, caller, { id, spec, bodyHash, idempotencyKey, action: 'submitJob' })
    if (isNew) await assertWithinQuotas()
    // a repeated transaction may find that its first try was committed after all: same id, not a replay
    return (await tx.jobs.find(id)) ?? (await replayed(tx, teamId, submission))
  })
  const replay = row.id !== id
  if (!replay && row.state === 'queued') return { job: withLastPlace(row, overview), replayed: false }
  const [job] = await context.db.read((tables) => withPlaces(context, tables, [row]))
  return { job: job as Job, replayed: replay }
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
