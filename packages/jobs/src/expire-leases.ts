// Takes jobs away from workers that let their lease run out. One that reports, but no longer for this attempt, has lost the
// attempt; one that does not report at all is lost itself, which also tells against the job.
import type { JobRow, NewMend, Tables } from '@stillhouse/db'
import { type AttemptFailure, afterFailure } from './after-failure.ts'
import { changeState } from './change-state.ts'
import type { JobContext } from './job-context.ts'
import { type MendOptions, mend } from './mend.ts'

const BATCH = 100

/** Answers the attempts that were ended. */
export async function expireLeases(context: JobContext, options: MendOptions = {}): Promise<NewMend[]> {
  return mend(context, options, async (tx) => {
    const ended: NewMend[] = []
    for (const job of await tx.jobs.withExpiredLease(BATCH)) ended.push(await endAttempt(context, tx, job))
    return ended
  })
}

async function endAttempt(context: JobContext, tx: Tables, job: JobRow): Promise<NewMend> {
  const { id, attempt, workerId } = job
  const failure = await lossOf(tx, job, context.settings.leaseSeconds)
  const consequence = await afterFailure(context, tx, { job, failure })
  await changeState(tx, {
    ...consequence,
    ids: [id],
    from: ['running'],
    guard: { attempt, leaseExpired: true },
    ending: { ending: 'failed', code: 'worker.lost' },
  })
  const detail = { jobId: id, attempt, workerId, said: failure.message, became: consequence.move.to }
  return { kind: 'lease.expired', target: id, detail }
}

async function lossOf(tx: Tables, { workerId }: JobRow, leaseSeconds: number): Promise<AttemptFailure> {
  const worker = workerId === null ? null : await tx.workers.standing(workerId, leaseSeconds)
  const { name, heard } = worker ?? { name: 'unknown', heard: false }
  if (heard) return { code: 'worker.lost', message: `Worker ${name} reports, but has lost this attempt.` }
  return { code: 'worker.lost', message: `Worker ${name} did not report for ${leaseSeconds} s.`, lostWorker: name }
}
