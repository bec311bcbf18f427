// The fence: a worker's write is accepted only from the attempt that owns the job now.
import { type AttemptLock, isUuid, type Tables } from '@stillhouse/db'
import { jobNotFound, staleAttempt } from './job-errors.ts'
import type { AttemptRef } from './job-service.ts'

/**
 * Locks the job until the end of the transaction, so that what was checked stays true.
 * @throws ApiError job.not_found, attempt.stale
 */
export async function lockOwnAttempt(tx: Tables, ref: AttemptRef): Promise<AttemptLock> {
  const job = isUuid(ref.jobId) ? await tx.jobs.lockAttempt(ref.jobId) : null
  if (!job) throw jobNotFound(ref.jobId)
  if (job.state !== 'running' || job.attempt !== ref.attempt) throw staleAttempt(ref, job)
  return job
}
