// The leader's round of mending: leases that ran out, hand-overs that came to nothing, workers that went silent.
import type { BackgroundRecord } from './background-record.ts'
import { deleteStaleBlobs } from './delete-stale-blobs.ts'
import { expireLeases } from './expire-leases.ts'
import type { JobContext } from './job-context.ts'
import { mendOutbox } from './mend-outbox.ts'
import { recoverHandOvers } from './recover-hand-overs.ts'
import { releaseReady } from './release-ready.ts'
import { forgetWorkers, retireWorkers } from './retire-workers.ts'

/** Parts of a round, by the names that dashboards know. Each answers how much it mended. */
const PARTS = {
  'expired-leases': expireLeases,
  'retired-workers': retireWorkers,
  'forgotten-workers': forgetWorkers,
  'mended-outbox': mendOutbox,
  'recovered-hand-overs': recoverHandOvers,
  'released-jobs': releaseReady,
  'stale-blobs': deleteStaleBlobs,
} as const

/** One round. A part that fails is logged and does not keep the others from their work. */
export async function sweep(context: JobContext, record?: Pick<BackgroundRecord, 'mended'>): Promise<void> {
  const { logger } = context
  for (const [name, part] of Object.entries(PARTS))
    await part(context).then(
      (found) => record?.mended(name, typeof found === 'number' ? found : found.length),
      (error: unknown) => logger.warn({ err: error, part: name }, 'sweeping failed'),
    )
}

/**
 * Sweeps, but not right after the service was blind (just started, or the database was away): then all leases look
 * expired although the workers only had nobody to report to. They get two and a half heartbeats to come back.
 */
export function createPatientSweep(
  context: JobContext,
  now: () => number = Date.now,
  record?: Pick<BackgroundRecord, 'mended'>,
): () => Promise<void> {
  const beatMs = context.settings.heartbeatSeconds * 1000
  let lastLook = Number.NEGATIVE_INFINITY
  let holdUntil = 0
  return async () => {
    await context.db.ping()
    if (now() - lastLook > Math.max(2 * beatMs, 3000)) holdUntil = now() + 2.5 * beatMs
    lastLook = now()
    if (now() >= holdUntil) await sweep(context, record)
    lastLook = now()
  }
}
