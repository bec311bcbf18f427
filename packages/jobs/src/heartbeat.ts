// One call per worker renews all its leases and brings back what to do with each of its jobs.
import { isUuid } from '@stillhouse/db'
import type { WorkerHeartbeat, WorkerOrders } from '@stillhouse/spec'
import type { JobContext } from './job-context.ts'
import { workerNotFound } from './job-errors.ts'

type Order = WorkerOrders['jobs'][number]

/** @throws ApiError worker.not_found: the worker must register again */
export async function heartbeat(
  { db, settings }: JobContext,
  workerId: string,
  { state, jobs }: WorkerHeartbeat,
): Promise<WorkerOrders> {
  if (!isUuid(workerId)) throw workerNotFound(workerId)
  const held = await db.transaction(async (tx) => {
    const before = await tx.workers.seen(workerId, state)
    if (before === null) throw workerNotFound(workerId)
    if (state === 'active' && before !== 'active') await tx.signals.work()
    return jobs.length > 0 ? tx.jobs.renewLeases(workerId, jobs, settings.leaseSeconds) : []
  })
  const mine = new Map(held.map((job) => [`${job.jobId} ${job.attempt}`, job]))
  return {
    jobs: jobs.map(({ jobId, attempt }): Order => {
      const job = mine.get(`${jobId} ${attempt}`)
      if (job === undefined) return { jobId, attempt, order: 'abandon' }
      if (job.cancelRequested) return { jobId, attempt, order: 'cancel' }
      return job.stopReason === null
        ? { jobId, attempt, order: 'go-on' }
        : { jobId, attempt, order: 'hand-back', reason: job.stopReason }
    }),
  }
}
