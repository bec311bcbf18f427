// Queues a failed or cancelled job again: same id, next attempt, from the last checkpoint if there is one.
import { ApiError } from '@stillhouse/kit'
import type { Job } from '@stillhouse/spec'
import { changeState } from './change-state.ts'
import { getJob } from './get-job.ts'
import type { JobContext } from './job-context.ts'
import { existingJob } from './job-errors.ts'

/** @throws ApiError job.not_found, job.state_conflict */
export async function retry(context: JobContext, id: string): Promise<Job> {
  await context.db.transaction(
    async (tx) => {
      const job = await existingJob(id, tx.jobs.lock)
      if (job.state !== 'failed' && job.state !== 'cancelled')
        throw new ApiError(
          'job.state_conflict',
          `Job ${id} is ${job.state}. Only a job that failed or was cancelled can be retried; submit a new one instead.`,
        )
      await changeState(tx, {
        ids: [job.id],
        from: [job.state],
        move: { to: 'queued', why: 'afresh' },
        reason: 'retry requested',
      })
    },
    { repeatable: false },
  )
  return getJob(context, id)
}
