// The sentences of errors that several use cases raise.
import { isUuid, type JobRow } from '@stillhouse/db'
import { ApiError } from '@stillhouse/kit'
import type { AttemptRef } from './job-service.ts'

export function jobNotFound(id: string): ApiError {
  return new ApiError('job.not_found', `There is no job ${shorten(id)}. GET /v1/jobs lists the jobs there are.`)
}

/** The job, or the error that it does not exist; PostgreSQL would refuse an id that is no UUID. */
export async function existingJob(id: string, find: (id: string) => Promise<JobRow | null>): Promise<JobRow> {
  const job = isUuid(id) ? await find(id) : null
  if (!job) throw jobNotFound(id)
  return job
}

export function staleAttempt({ jobId, attempt }: AttemptRef, job: { state: string; attempt: number }): ApiError {
  return new ApiError(
    'attempt.stale',
    `Attempt ${attempt} does not own job ${jobId}: the job is ${job.state} at attempt ${job.attempt}. ` +
      'Stop working on it and report nothing more.',
  )
}

export function workerNotFound(id: string): ApiError {
  return new ApiError('worker.not_found', `There is no worker ${shorten(id)}. Register again with POST /v1/workers.`)
}

/** Names from a URL may be of any length. */
export function shorten(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text
}
