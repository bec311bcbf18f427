// Takes in a job. The same Idempotency-Key with the same body gives the same job, however often and at once it comes.
import { createHash } from 'node:crypto'
import { isStorable, type JobRow, type Tables, uuidV7 } from '@stillhouse/db'
import { ApiError } from '@stillhouse/kit'
import { canonicalJson, type Fault, type Job, type JobSpec, needsKey } from '@stillhouse/spec'
import type { JobContext } from './job-context.ts'
import type { Submission } from './job-service.ts'
import { withPlaces } from './queue-place.ts'

/** @throws ApiError spec.invalid, idempotency.mismatch */
export async function submit(context: JobContext, submission: Submission): Promise<{ job: Job; replayed: boolean }> {
  const { spec, idempotencyKey = null, bodyHash } = submission
  assertStorable(spec)
  const id = uuidV7()
  const specHash = createHash('sha256').update(canonicalJson(spec)).digest('hex')
  const needs = needsKey(spec.resources)
  return context.db.transaction(async (tx) => {
    const isNew = await tx.jobs.insert({ id, spec, specHash, bodyHash, idempotencyKey, needs })
    // a repeated transaction may find that its first try was committed after all: same id, not a replay
    const row = (await tx.jobs.find(id)) ?? (await replayed(tx, submission))
    if (isNew) await announce(tx, id)
    const [job] = await withPlaces(tx, [row], context.settings)
    return { job: job as Job, replayed: row.id !== id }
  })
}

async function announce(tx: Tables, id: string): Promise<void> {
  await tx.events.append(id, [{ type: 'state', data: { state: 'queued', attempt: 0 } }])
  await tx.signals.work()
}

async function replayed(tx: Tables, { idempotencyKey, bodyHash }: Submission): Promise<JobRow> {
  const job = idempotencyKey === undefined ? null : await tx.jobs.findByKey(idempotencyKey)
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
