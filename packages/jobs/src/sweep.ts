// The leader's round of mending: leases that ran out, hand-overs that came to nothing, workers that went silent.
import { deleteStaleBlobs } from './delete-stale-blobs.ts'
import { expireLeases } from './expire-leases.ts'
import type { JobContext } from './job-context.ts'
import { recoverHandOvers } from './recover-hand-overs.ts'
import { releaseReady } from './release-ready.ts'

const FORGET_WORKERS_SECONDS = 3600

/** One round. A part that fails is logged and does not keep the others from their work. */
export async function sweep(context: JobContext): Promise<void> {
  const { logger } = context
  for (const part of [expireLeases, retireWorkers, recoverHandOvers, releaseReady, deleteStaleBlobs])
    await part(context).catch((error: unknown) => logger.warn({ err: error, part: part.name }, 'sweeping failed'))
}

async function retireWorkers({ db, queue, settings, logger }: JobContext): Promise<void> {
  const [forgotten, gone] = await db.transaction(async (tx) => [
    await tx.workers.forget(FORGET_WORKERS_SECONDS),
    await tx.workers.retire(Math.max(settings.leaseSeconds, 3 * settings.heartbeatSeconds + 1)),
  ])
  // should this fail, an empty queue is left behind
  for (const workerId of forgotten) await queue.forget(workerId)
  for (const name of gone) logger.warn({ worker: name }, 'a worker is gone')
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
