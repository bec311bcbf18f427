// What every use case is given: the database, the queue, the artifact store, and how patient to be.
import type { ArtifactStore } from '@stillhouse/artifacts'
import type { Database } from '@stillhouse/db'
import type { Logger } from '@stillhouse/kit'
import type { QueueProducer } from '@stillhouse/queue'

export interface JobSettings {
  /** A job is taken from a worker that was silent for so long. */
  readonly leaseSeconds: number
  /** How often workers report. One that misses three beats gets no new jobs. */
  readonly heartbeatSeconds: number
  /** A job handed over but not claimed for so long is looked for. */
  readonly claimSeconds: number
  /** How long a blob that nothing refers to any more is kept. */
  readonly staleBlobSeconds: number
  /** A job that has waited for so long is handed out before all others. */
  readonly maxWaitSeconds: number
  /** How long a look at the whole queue serves those who ask about their jobs, milliseconds. */
  readonly overviewMs: number
  /** How long a job waits after its first failure that is tried again; twice as long after each further one. */
  readonly retryBaseSeconds: number
  /** A job that lost so many workers is not given to another. */
  readonly poisonLosses: number
  /** So many different jobs that fail in a row on a worker, through no fault of theirs, and it gets no more. */
  readonly suspectFailures: number
  /** Pause between two walks over queue and store in search of what disagrees with the database. */
  readonly reconcileHours: number
  /** A stored file that nothing refers to is left alone for so long: it may be about to be reported. */
  readonly orphanSeconds: number
  /** Addresses and networks that webhooks may reach although they are not public. */
  readonly outboundAllow: readonly string[]
}

export interface JobContext {
  readonly db: Database
  readonly queue: QueueProducer
  readonly artifacts: ArtifactStore
  readonly settings: JobSettings
  readonly logger: Logger
}

/** A worker not heard of for so long gets no new jobs. */
export function liveSeconds({ heartbeatSeconds }: JobSettings): number {
  return 3 * heartbeatSeconds + 1
}
