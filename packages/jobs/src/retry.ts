// Queues a failed or cancelled job again: same id, next attempt, from the last checkpoint if there is one. A job that
// waits for others waits for them again, unless they are done.
import type { JobRow, StandingDependency, Tables } from '@stillhouse/db'
import { ApiError } from '@stillhouse/kit'
import type { Job } from '@stillhouse/spec'
import { visibleJob } from './caller.ts'
import { changeState } from './change-state.ts'
import { getJob } from './get-job.ts'
import type { JobContext } from './job-context.ts'
import type { Caller } from './job-service.ts'
import { boundQueue } from './quotas.ts'
import { record } from './record.ts'

/** @throws ApiError job.not_found, job.state_conflict, quota.jobs_queued, quota.artifact_bytes */
export async function retry(context: JobContext, caller: Caller, id: string): Promise<Job> {
  await context.db.transaction((tx) => retryIn(tx, caller, id), { repeatable: false })
  return getJob(context, caller, id)
}

/** The same in a transaction of the caller's, which must not be repeated once it may have been committed. */
export async function retryIn(tx: Tables, caller: Caller, id: string): Promise<void> {
  // whom it waits for is locked before it; which jobs those are never changes
  const { teamId } = await visibleJob(caller, id, tx.jobs.find)
  await tx.dependencies.hold(teamId, await tx.dependencies.of(id))
  const job = await visibleJob(caller, id, tx.jobs.lock)
  const needs = (await tx.dependencies.standings([id])).flatMap((one) => one.needs)
  const conflict = retryConflict(job, needs)
  if (conflict !== null) throw new ApiError('job.state_conflict', conflict)
  const assertWithinQuotas = await boundQueue(tx, job.teamId)
  await changeState(tx, {
    ids: [job.id],
    from: [job.state],
    move: needs.every(({ standing }) => standing === 'met') ? { to: 'queued', why: 'afresh' } : { to: 'blocked' },
    reason: 'retry requested',
  })
  await assertWithinQuotas()
  const detail = { name: job.name, state: job.state }
  await record(tx, caller, { action: 'retryJob', target: { kind: 'job', id }, teamId: job.teamId, detail })
}

/** Why the job cannot be retried now; null when it can. */
export function retryConflict(
  { id, state }: Pick<JobRow, 'id' | 'state'>,
  needs: readonly StandingDependency[],
): string | null {
  if (state !== 'failed' && state !== 'cancelled')
    return `Job ${id} is ${state}. Only a job that failed or was cancelled can be retried; submit a new one instead.`
  const culprit = needs.find(({ standing }) => standing === 'failed')
  if (culprit === undefined) return null
  const waits = `Job ${id} waits for job ${culprit.name} (${culprit.job}), which`
  return culprit.state === 'succeeded'
    ? `${waits} succeeded but missed a gate, and that stays so. Submit both anew.`
    : `${waits} is ${culprit.state}. Retry that one first.`
}
