// Takes in a job. The same Idempotency-Key of a team with the same body gives the same job, however often and at once it
// comes.
import { type JobRow, type NewJob, type Tables, uuidV7, type WholeJob, type WrittenJob } from '@stillhouse/db'
import { ApiError } from '@stillhouse/kit'
import type { Job } from '@stillhouse/spec'
import { addJob, assertStorable, holdDependencies, type NewJobRequest, newJob } from './add-job.ts'
import { dependenciesOf } from './dependencies.ts'
import { inBatches } from './in-batches.ts'
import type { JobContext } from './job-context.ts'
import type { Submission, TeamCaller } from './job-service.ts'
import type { ViewedJob } from './job-view.ts'
import { lookAround } from './look-around.ts'
import { perContext } from './per-context.ts'
import { type PlacedJob, withLastPlace, withPlaces } from './queue-place.ts'
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
  const request = { id, spec, bodyHash, idempotencyKey, action: 'submitJob' } as const
  const quick = dependenciesOf(spec).length === 0 ? await addWhole(context, caller, request) : null
  if (quick !== null) return { job: withLastPlace(freshRow(quick), overview), replayed: false }
  const row = await context.db.transaction(async (tx) => {
    await holdDependencies(tx, caller, [spec])
    const assertWithinQuotas = await boundQueue(tx, teamId)
    const isNew = await addJob(tx, caller, request)
    if (isNew) await assertWithinQuotas()
    // a repeated transaction may find that its first try was committed after all: same id, not a replay
    return (await tx.jobs.find(id)) ?? (await replayed(tx, teamId, submission))
  })
  const replay = row.id !== id
  if (!replay && row.state === 'queued') return { job: withLastPlace(row, overview), replayed: false }
  const [job] = await context.db.read((tables) => withPlaces(context, tables, [row]))
  return { job: job as Job, replayed: replay }
}

interface Written extends WrittenJob {
  readonly job: NewJob
}

/** Null, and nothing is written, when the quick way is not open: a key that was used, or a team with bounds. */
async function addWhole(context: JobContext, caller: TeamCaller, request: NewJobRequest): Promise<Written | null> {
  const job = newJob(caller, request)
  const { keyId, keyName, requestId, teamId } = caller
  const { name, priority } = job.spec
  const target = { kind: 'job', id: job.id } as const
  const entry = { keyId, keyName, requestId, teamId, target, action: request.action, detail: { name, priority } }
  const event = { type: 'state', data: { state: 'queued', attempt: 0 } } as const
  const written = await writer(context)({ job, event, entry })
  return written && { ...written, job }
}

/** Writes the jobs that come at about the same time with one statement: a commit costs more than a row. */
const writer = perContext(({ db }) =>
  inBatches(
    async (jobs: readonly WholeJob[]): Promise<(WrittenJob | null)[]> => {
      const written = await db.statement((tables) => tables.newJobs.insertWhole(jobs))
      const byId = new Map(written.map((one) => [one.id, one]))
      return jobs.map(({ job }) => byId.get(job.id) ?? null)
    },
    { most: 50, atOnce: 2 },
  ),
)

/** As it would be read back. */
function freshRow({ job, createdAt, team }: Written): ViewedJob & PlacedJob {
  const { id, teamId, spec, specHash, needs } = job
  const { name, priority, preemptible = false, labels } = spec
  return {
    ...{ id, teamId, team: { name: team }, name, priority, preemptible, labels, spec, specHash, needs, createdAt },
    ...{ state: 'queued', verdict: null, attempt: 0, failures: 0, losses: 0, workerId: null, cancelRequested: false },
    ...{ progress: null, result: null, failure: null, retryAt: null, startedAt: null, finishedAt: null },
  }
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
