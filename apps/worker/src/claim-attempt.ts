// The first step with a message from the queue: ask the API for the attempt. A message may be old or repeated, so a
// refusal is nothing to worry about, and neither is silence: the API hands the job out again.
import type { Logger } from '@stillhouse/kit'
import type { Claim, QueueMessage } from '@stillhouse/spec'
import { describeError, isStale, isUnknownJob, isUnknownWorker, mayPass } from './api-failure.ts'
import type { Registration } from './registration.ts'
import { retry } from './retry.ts'
import type { WorkerApi } from './worker-api.ts'

export interface ClaimOptions {
  readonly api: Pick<WorkerApi, 'claim'>
  /** Its id may change while it waits: heartbeats register a forgotten worker anew. */
  readonly registration: Pick<Registration, 'current'>
  /** How long an unreachable API is asked again; after the lease time the attempt is handed out anew. */
  readonly patienceMs: number
  readonly logger: Logger
}

/** The attempt, or null when it is not to be had. Never rejects. */
export async function claimAttempt(message: QueueMessage, options: ClaimOptions): Promise<Claim | null> {
  const { api, registration, patienceMs, logger } = options
  const { jobId, attempt } = message
  try {
    return await retry(() => api.claim(jobId, { workerId: registration.current().workerId, attempt }), {
      mayPass: (error) => mayPass(error) || isUnknownWorker(error),
      giveUpAfterMs: patienceMs,
    })
  } catch (error) {
    if (isStale(error) || isUnknownJob(error)) logger.debug(message, 'the message is out of date')
    else logger.warn({ ...message, reason: describeError(error) }, 'could not claim; the job will be handed out again')
    return null
  }
}
