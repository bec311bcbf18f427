// Takes jobs away from workers that let their lease run out. One that reports, but no longer for this attempt, has lost the
// attempt; one that does not report at all is lost itself, which also tells against the job.
import type { JobRow, Tables } from '@stillhouse/db'
import { type AttemptFailure, afterFailure } from './after-failure.ts'
import { changeState } from './change-state.ts'
import type { JobContext } from './job-context.ts'

const BATCH = 100

/** Answers how many attempts were ended. */
export async function expireLeases(context: JobContext): Promise<number> {
  const ended = await context.db.transaction(async (tx) => {
    const jobs = await tx.jobs.withExpiredLease(BATCH)
    for (const job of jobs) await endAttempt(context, tx, job)
    return jobs
  })
  for (const job of ended) context.logger.warn({ jobId: job.id, attempt: job.attempt }, 'a worker lost its lease')
  return ended.length
}

async function endAttempt(context: JobContext, tx: Tables, job: JobRow): Promise<void> {
  const failure = await lossOf(tx, job, context.settings.leaseSeconds)
  await changeState(tx, {
    ...(await afterFailure(context, tx, { job, failure })),
    ids: [job.id],
    from: ['running'],
    guard: { attempt: job.attempt, leaseExpired: true },
    ending: { ending: 'failed', code: 'worker.lost' },
  })
}

async function lossOf(tx: Tables, { workerId }: JobRow, leaseSeconds: number): Promise<AttemptFailure> {
  const worker = workerId === null ? null : await tx.workers.standing(workerId, leaseSeconds)
  const { name, heard } = worker ?? { name: 'unknown', heard: false }
  if (heard) return { code: 'worker.lost', message: `Worker ${name} reports, but has lost this attempt.` }
  return { code: 'worker.lost', message: `Worker ${name} did not report for ${leaseSeconds} s.`, lostWorker: name }
}
