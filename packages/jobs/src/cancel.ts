// Cancels a job: at once while it waits, through the worker's next heartbeat while it runs.
import type { JobRow, Tables } from '@stillhouse/db'
import { ApiError } from '@stillhouse/kit'
import type { Job } from '@stillhouse/spec'
import { visibleJob } from './caller.ts'
import { changeState } from './change-state.ts'
import { getJob } from './get-job.ts'
import type { JobContext } from './job-context.ts'
import type { Caller } from './job-service.ts'
import { record } from './record.ts'

/**
 * Cancelling a job that is cancelled, or being cancelled, changes nothing.
 * @throws ApiError job.not_found, job.state_conflict when the job has succeeded or failed
 */
export async function cancel(context: JobContext, caller: Caller, id: string): Promise<Job> {
  await context.db.transaction((tx) => cancelIn(tx, caller, id))
  return getJob(context, caller, id)
}

/** The same in a transaction of the caller's; answers whether anything changed. */
export async function cancelIn(tx: Tables, caller: Caller, id: string): Promise<boolean> {
  const job = await visibleJob(caller, id, tx.jobs.lock)
  const conflict = cancelConflict(job)
  if (conflict !== null) throw new ApiError('job.state_conflict', conflict)
  if (!(await cancelLocked(tx, job))) return false
  const detail = { name: job.name, state: job.state }
  await record(tx, caller, { action: 'cancelJob', target: { kind: 'job', id }, teamId: job.teamId, detail })
  return true
}

/** Why the job cannot be cancelled any more; null when it can. */
export function cancelConflict({ id, state }: Pick<JobRow, 'id' | 'state'>): string | null {
  if (state !== 'succeeded' && state !== 'failed') return null
  return `Job ${id} has ${state} already: there is nothing to cancel.`
}

/** Answers whether anything changed. */
async function cancelLocked(tx: Tables, job: JobRow): Promise<boolean> {
  if (job.state === 'cancelled') return false
  if (job.state === 'running') return requestCancel(tx, job)
  await changeState(tx, {
    ids: [job.id],
    from: [job.state],
    move: { to: 'cancelled' },
    reason: 'cancelled before it ran',
  })
  if (job.workerId !== null)
    await tx.outbox.add('queue.remove', [{ jobId: job.id, attempt: job.attempt, workerId: job.workerId }])
  return true
}

async function requestCancel(tx: Tables, job: JobRow): Promise<boolean> {
  if (job.cancelRequested) return false
  await tx.jobs.requestCancel(job.id)
  const message = 'Cancellation requested; the worker is told to stop.'
  await tx.events.append(job.id, [{ type: 'note', data: { attempt: job.attempt, message } }])
  await tx.signals.jobs([job.id])
  return true
}
