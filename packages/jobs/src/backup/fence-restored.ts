// After a database was put back to an earlier state, workers of the time that is lost may still be at work, with attempts
// that the database has not handed out yet. Were it to hand out the same numbers again, the fence would take their writes
// for those of others. So every job that may still run goes on from a number that nobody can have had.
import type { RestoredHold } from '@stillhouse/db'
import { changeState } from '../change-state.ts'
import type { JobContext } from '../job-context.ts'

export interface Fenced {
  /** Jobs that were held by workers and wait again. */
  readonly requeued: number
  /** Jobs whose next attempt has a number of the new time. */
  readonly raised: number
}

/** Attempts are never handed out faster than one a second per job, so the clock outruns them. */
const EPOCH = Date.UTC(2026, 0, 1)
const REASON = 'the database was restored from a backup'

/**
 * To be called once after every restore, before an API is started. Costs no job an attempt of its budget.
 * @throws Error when an API works on this database
 */
export async function fenceRestored({ db }: Pick<JobContext, 'db'>, now = Date.now()): Promise<Fenced> {
  return db.transaction(async (tx) => {
    if (!(await tx.restore.lockLeadership()))
      throw new Error('an API works on this database: stop all of its replicas, then restore, then start them')
    const held = await tx.restore.heldJobs()
    for (const job of held) await changeState(tx, letGo(job))
    const raised = await tx.restore.raiseAttempts(Math.floor((now - EPOCH) / 1000))
    await tx.restore.retireWorkers()
    return { requeued: held.length, raised }
  })
}

function letGo({ jobId, attempt, state, cancelRequested }: RestoredHold): Parameters<typeof changeState>[1] {
  const change = { ids: [jobId], from: [state], guard: { attempt }, reason: REASON }
  if (cancelRequested) return { ...change, move: { to: 'cancelled' } }
  const lost = state === 'running' ? { ending: { ending: 'failed', code: 'worker.lost' } as const } : {}
  return { ...change, move: { to: 'queued', why: 'again' }, ...lost }
}
