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
  const { held, features } = await db.transaction(async (tx) => {
    const worker = await tx.workers.seen(workerId, state)
    if (worker === null) throw workerNotFound(workerId)
    if (state === 'active' && worker.before !== 'active') await tx.signals.work()
    const held = jobs.length > 0 ? await tx.jobs.renewLeases(workerId, jobs, settings.leaseSeconds) : []
    return { held, features: worker.features }
  })
  const handsBack = features.includes('hand-back')
  const mine = new Map(held.map((job) => [`${job.jobId} ${job.attempt}`, job]))
  return {
    jobs: jobs.map(({ jobId, attempt }): Order => {
      const job = mine.get(`${jobId} ${attempt}`)
      if (job === undefined) return { jobId, attempt, order: 'abandon' }
      if (job.cancelRequested) return { jobId, attempt, order: 'cancel' }
      // a worker of an earlier version would not know the order: the job runs to its end
      return job.stopReason === null || !handsBack
        ? { jobId, attempt, order: 'go-on' }
        : { jobId, attempt, order: 'hand-back', reason: job.stopReason }
    }),
  }
}
