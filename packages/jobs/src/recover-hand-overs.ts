// Mends hand-overs that came to nothing: the queue was wiped, or the workers that should have taken them are gone.
import type { AttemptKey } from '@stillhouse/db'
import { changeState } from './change-state.ts'
import { type JobContext, liveSeconds } from './job-context.ts'

const BATCH = 200

/** Answers how many attempts were put into the queue again, or taken back. */
export async function recoverHandOvers(context: JobContext): Promise<number> {
  const takenBack = await takeBackSurplus(context)
  return takenBack + (await handOverAgain(context))
}

/** More was handed over than the workers that are left can take: the last in line wait in our own queue again. */
async function takeBackSurplus({ db, settings, logger }: JobContext): Promise<number> {
  return db.transaction(async (tx) => {
    await tx.signals.lockDispatch()
    const { slots, busy, dispatched } = await tx.workers.capacity(liveSeconds(settings))
    const surplus = Math.min(dispatched - Math.max(0, slots - busy), BATCH)
    if (surplus <= 0) return 0
    const keys = await tx.jobs.unclaimed(settings.claimSeconds, surplus)
    for (const { jobId, attempt } of keys)
      await changeState(tx, {
        ids: [jobId],
        from: ['dispatched'],
        guard: { attempt },
        move: { to: 'queued', why: 'again' },
        reason: 'no worker is left to take it',
      })
    await tx.outbox.add('queue.remove', keys)
    if (keys.length > 0) logger.warn({ jobs: keys.length }, 'took back jobs that no worker can take')
    return keys.length
  })
}

async function handOverAgain({ db, queue, settings, logger }: JobContext): Promise<number> {
  const waiting = await db.read((tables) => tables.jobs.unclaimed(settings.claimSeconds, BATCH))
  const lost: AttemptKey[] = []
  for (const key of waiting) if (!(await queue.has(key))) lost.push(key)
  if (waiting.length === 0) return 0
  await db.transaction(async (tx) => {
    await tx.jobs.markHandedOver(waiting)
    await tx.outbox.add('queue.add', lost.reverse()) // they came last in line first
    if (lost.length > 0) await tx.signals.work()
  })
  if (lost.length > 0) logger.warn({ jobs: lost.length }, 'the queue had lost jobs; handing them over again')
  return lost.length
}
