// Hands out jobs: as many as there are free slots, highest priority first, then first come first served. A job that no
// connected worker can run is passed over, so it holds up nobody, and so is one whose team runs as many as it may. The
// queue never holds more than workers can take, so its order cannot break ours.
import { changeState } from './change-state.ts'
import { type JobContext, liveSeconds } from './job-context.ts'

const MOST_AT_ONCE = 500

/** One round; answers how many jobs were handed to the outbox. Safe beside another dispatcher: one waits for the other. */
export async function dispatch({ db, settings }: JobContext): Promise<number> {
  return db.transaction(async (tx) => {
    await tx.signals.lockDispatch()
    const { slots, busy, dispatched, gpu } = await tx.workers.capacity(liveSeconds(settings))
    const free = Math.min(slots - busy - dispatched, MOST_AT_ONCE)
    if (free <= 0) return 0
    const ids = await tx.jobs.nextQueued(free, gpu, await tx.teams.limits())
    const moved = await changeState(tx, { ids, from: ['queued'], move: { to: 'dispatched' } })
    const attempts = new Map(moved.map((job) => [job.id, job.attempt]))
    const inOrder = ids.flatMap((jobId) => {
      const attempt = attempts.get(jobId)
      return attempt === undefined ? [] : [{ jobId, attempt }]
    })
    await tx.outbox.add('queue.add', inOrder)
    return moved.length
  })
}
