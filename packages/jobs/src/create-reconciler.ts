// The leader's search for what queue and store have against the database: one small step per call, with long rests between
// two walks, so that it never stands in the way of what has to happen every second.
import type { JobContext } from './job-context.ts'
import { mendQueues } from './mend-queues.ts'
import { type Place, WALK_START, walkOn } from './walk-store.ts'

/** A new leader begins after this, and a walk that could not go on tries again. */
const SOON_MS = 10 * 60_000
const KEPT_DAYS = 30

/** @returns a step, to be called about every second */
export function createReconciler(context: JobContext, now: () => number = Date.now): () => Promise<void> {
  const restMs = context.settings.reconcileHours * 3_600_000
  let due = now() + Math.min(restMs, SOON_MS)
  let place: Place | null = null
  return async () => {
    if (now() < due) return
    const resume = due
    due = now() + Math.min(restMs, SOON_MS)
    if (place === null) await begin(context)
    place = (await walkOn(context, place ?? WALK_START)).next
    due = place === null ? now() + restMs : resume
  }
}

async function begin(context: JobContext): Promise<void> {
  await context.db.transaction(async (tx) => {
    await tx.mends.forget(KEPT_DAYS)
    await tx.deliveries.forget(KEPT_DAYS)
  })
  await mendQueues(context)
}
