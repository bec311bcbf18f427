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
  await context.db.transaction(async (tx) => {
    const job = await visibleJob(caller, id, tx.jobs.lock)
    if (!(await cancelLocked(tx, job))) return
    const detail = { name: job.name, state: job.state }
    await record(tx, caller, { action: 'cancelJob', target: { kind: 'job', id }, teamId: job.teamId, detail })
  })
  return getJob(context, caller, id)
}

/** Answers whether anything changed. */
async function cancelLocked(tx: Tables, job: JobRow): Promise<boolean> {
  switch (job.state) {
    case 'blocked':
    case 'queued':
    case 'dispatched':
      await changeState(tx, {
        ids: [job.id],
        from: [job.state],
        move: { to: 'cancelled' },
        reason: 'cancelled before it ran',
      })
      if (job.workerId !== null)
        await tx.outbox.add('queue.remove', [{ jobId: job.id, attempt: job.attempt, workerId: job.workerId }])
      return true
    case 'running':
      if (job.cancelRequested) return false
      await tx.jobs.requestCancel(job.id)
      await tx.events.append(job.id, [
        {
          type: 'note',
          data: { attempt: job.attempt, message: 'Cancellation requested; the worker is told to stop.' },
        },
      ])
      await tx.signals.jobs([job.id])
      return true
    case 'cancelled':
      return false
    case 'succeeded':
    case 'failed':
      throw new ApiError('job.state_conflict', `Job ${job.id} has ${job.state} already: there is nothing to cancel.`)
  }
}
