// Takes in several jobs that wait for each other: all of them or none.
import type { JobRow, Tables } from '@stillhouse/db'
import { ApiError } from '@stillhouse/kit'
import type { Fault, Job } from '@stillhouse/spec'
import { addJob, assertStorable, holdDependencies } from './add-job.ts'
import type { JobContext } from './job-context.ts'
import type { GraphSubmission, TeamCaller } from './job-service.ts'
import { withPlaces } from './queue-place.ts'
import { boundQueue } from './quotas.ts'

interface Submitted {
  /** By name, in the order of the submission. */
  readonly jobs: Record<string, Job>
  readonly replayed: boolean
}

/** @throws ApiError spec.invalid, idempotency.mismatch, quota.jobs_queued, quota.artifact_bytes */
export async function submitGraph(
  context: JobContext,
  caller: TeamCaller,
  submission: GraphSubmission,
): Promise<Submitted> {
  const { jobs } = submission
  await forEachJob(jobs, ({ spec }) => assertStorable(spec))
  const { rows, ids } = await context.db.transaction(async (tx) => {
    await holdDependencies(
      tx,
      caller,
      jobs.map(({ spec }) => spec),
    )
    const isNew = await addAll(tx, caller, submission)
    const ids = isNew ? jobs.map(({ id }) => id) : await knownIds(tx, caller.teamId, submission)
    const rows: JobRow[] = []
    for (const id of ids) rows.push((await tx.jobs.find(id)) as JobRow)
    return { rows, ids }
  })
  const views = await context.db.read((tables) => withPlaces(context, tables, rows))
  const named = jobs.map(({ name }, i): [string, Job] => [name, views[i] as Job])
  return { jobs: Object.fromEntries(named), replayed: ids[0] !== jobs[0]?.id }
}

/** Answers false when the first of them is there already: then all are. */
async function addAll(tx: Tables, caller: TeamCaller, submission: GraphSubmission): Promise<boolean> {
  const { jobs, bodyHash } = submission
  const assertWithinQuotas = await boundQueue(tx, caller.teamId)
  let isNew = true
  await forEachJob(jobs, async ({ id, spec }, place) => {
    if (!isNew) return
    const idempotencyKey = keyOf(submission, place)
    isNew = await addJob(tx, caller, { id, spec, bodyHash, idempotencyKey, action: 'submitJobGraph' })
    if (isNew) await assertWithinQuotas()
  })
  return isNew
}

/** Keys of jobs that were sent alone hold no spaces, so these are others; the first one decides who was first. */
function keyOf({ idempotencyKey }: GraphSubmission, place: number): string | null {
  return idempotencyKey === undefined ? null : `${idempotencyKey} ${place}`
}

/** The ids that this key gave the jobs; or our own, when a repeated transaction finds its first try committed. */
async function knownIds(tx: Tables, teamId: string, submission: GraphSubmission): Promise<string[]> {
  const { jobs, bodyHash } = submission
  if ((await tx.jobs.find(jobs[0]?.id ?? '')) !== null) return jobs.map(({ id }) => id)
  const ids: string[] = []
  for (const place of jobs.keys()) {
    const job = await tx.jobs.findByKey(teamId, keyOf(submission, place) ?? '')
    if (job?.bodyHash !== bodyHash) throw mismatch()
    ids.push(job.id)
  }
  return ids
}

function mismatch(): ApiError {
  return new ApiError(
    'idempotency.mismatch',
    'This Idempotency-Key was used for other jobs. Send the same body to get those, or a new key to submit others.',
  )
}

type GraphJob = GraphSubmission['jobs'][number]

/** Goes on after a faulty one, so that all faults are told at once, each under the name of its job. */
async function forEachJob(
  jobs: readonly GraphJob[],
  work: (job: GraphJob, place: number) => void | Promise<void>,
): Promise<void> {
  const faults: Fault[] = []
  for (const [place, job] of jobs.entries())
    try {
      await work(job, place)
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'spec.invalid') throw error
      faults.push(...(error.faults ?? []).map((fault) => ({ ...fault, path: `/jobs/${job.name}${fault.path}` })))
    }
  if (faults.length > 0) throw new ApiError('spec.invalid', 'Some of the jobs have faults.', { faults })
}
