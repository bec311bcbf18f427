// Mends waiting: a job whose dependencies are all decided but that still waits is moved on. The transaction in which a
// dependency ends does that itself, so there should be nothing to find here.
import { changeState } from './change-state.ts'
import { decide } from './dependencies.ts'
import type { JobContext } from './job-context.ts'

const BATCH = 200

/** Answers how many waiting jobs were queued, or ended, because nothing is open any more. */
export async function releaseReady({ db, logger }: JobContext): Promise<number> {
  const moved = await db.transaction(async (tx) => {
    const found = await tx.dependencies.lockDecided(BATCH)
    const needs = new Map((await tx.dependencies.standings(found)).map((one) => [one.jobId, one.needs]))
    const ids: string[] = []
    for (const decided of decide(found.map((jobId) => ({ jobId, needs: needs.get(jobId) ?? [] }))))
      for (const { id } of await changeState(tx, decided)) ids.push(id)
    return ids
  })
  if (moved.length > 0) logger.warn({ jobs: moved.length }, 'moved jobs that waited although nothing was open')
  return moved.length
}
