// The leader's round of mending: leases that ran out, hand-overs that came to nothing, workers that went silent.
import { deleteStaleBlobs } from './delete-stale-blobs.ts'
import { expireLeases } from './expire-leases.ts'
import type { JobContext } from './job-context.ts'
import { mendOutbox } from './mend-outbox.ts'
import { recoverHandOvers } from './recover-hand-overs.ts'
import { forgetWorkers, retireWorkers } from './retire-workers.ts'

/** One round. A part that fails is logged and does not keep the others from their work. */
export async function sweep(context: JobContext): Promise<void> {
  const { logger } = context
  const parts = [expireLeases, retireWorkers, forgetWorkers, mendOutbox, recoverHandOvers, deleteStaleBlobs]
  for (const part of parts)
    await part(context).catch((error: unknown) => logger.warn({ err: error, part: part.name }, 'sweeping failed'))
}

/**
 * Sweeps, but not right after the service was blind (just started, or the database was away): then all leases look
 * expired although the workers only had nobody to report to. They get two and a half heartbeats to come back.
 */
export function createPatientSweep(context: JobContext, now: () => number = Date.now): () => Promise<void> {
  const beatMs = context.settings.heartbeatSeconds * 1000
  let lastLook = Number.NEGATIVE_INFINITY
  let holdUntil = 0
  return async () => {
    await context.db.ping()
    if (now() - lastLook > Math.max(2 * beatMs, 3000)) holdUntil = now() + 2.5 * beatMs
    lastLook = now()
    if (now() >= holdUntil) await sweep(context)
    lastLook = now()
  }
}
