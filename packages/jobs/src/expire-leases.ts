// Takes jobs away from workers that let their lease run out.
import type { JobRow, Tables } from '@stillhouse/db'
import { afterFailure } from './after-failure.ts'
import { changeState } from './change-state.ts'
import type { JobContext } from './job-context.ts'

const BATCH = 100

/** Answers how many attempts were ended. */
export async function expireLeases({ db, settings, logger }: JobContext): Promise<number> {
  const ended = await db.transaction(async (tx) => {
    const jobs = await tx.jobs.withExpiredLease(BATCH)
    for (const job of jobs) await endAttempt(tx, job, settings.leaseSeconds)
    return jobs
  })
  for (const job of ended) logger.warn({ jobId: job.id, attempt: job.attempt }, 'a worker lost its lease')
  return ended.length
}

async function endAttempt(tx: Tables, job: JobRow, leaseSeconds: number): Promise<void> {
  const name = job.workerId === null ? null : await tx.workers.nameOf(job.workerId)
  const message = `Worker ${name ?? 'unknown'} did not report for ${leaseSeconds} s.`
  await changeState(tx, {
    ...afterFailure(job, { code: 'worker.lost', message }),
    ids: [job.id],
    from: ['running'],
    guard: { attempt: job.attempt, leaseExpired: true },
    ending: { ending: 'failed', code: 'worker.lost' },
  })
}
