// Queues a failed or cancelled job again: same id, next attempt, from the last checkpoint if there is one.
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
  await context.db.transaction(
    async (tx) => {
      const job = await visibleJob(caller, id, tx.jobs.lock)
      if (job.state !== 'failed' && job.state !== 'cancelled')
        throw new ApiError(
          'job.state_conflict',
          `Job ${id} is ${job.state}. Only a job that failed or was cancelled can be retried; submit a new one instead.`,
        )
      const assertWithinQuotas = await boundQueue(tx, job.teamId)
      await changeState(tx, {
        ids: [job.id],
        from: [job.state],
        move: { to: 'queued', why: 'afresh' },
        reason: 'retry requested',
      })
      await assertWithinQuotas()
      const detail = { name: job.name, state: job.state }
      await record(tx, caller, { action: 'retryJob', target: { kind: 'job', id }, teamId: job.teamId, detail })
    },
    { repeatable: false },
  )
  return getJob(context, caller, id)
}
