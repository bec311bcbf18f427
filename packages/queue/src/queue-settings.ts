// The numbers and names that both backends share.
import type { JobsOptions } from 'bullmq'
import type { ConsumerTiming } from './job-queue.ts'

/** BullMQ's name for the queue of a worker. */
export const queueNameOf = (workerId: string): string => `attempts-${workerId}`
/** The job's name in BullMQ; there is only one kind. */
export const JOB_NAME = 'attempt'

/**
 * Finished jobs are removed at once: history is in our tables, and a removed id can be added again. No priorities:
 * in BullMQ a job without one overtakes all others, and the order is the dispatcher's, so the queue stays first in,
 * first out. The size limit guards the rule that only ids travel.
 */
export const JOB_OPTIONS = {
  attempts: 1,
  removeOnComplete: true,
  removeOnFail: true,
  sizeLimit: 4096,
} as const satisfies JobsOptions

/** Nobody reads BullMQ's event stream here; its default keeps 10,000 entries. */
export const STREAMS = { events: { maxLen: 100 } } as const

/** Training blocks no loop here, but a stopped machine may come back: generous locks, and the lease decides anyway. */
export const DEFAULT_TIMING: ConsumerTiming = {
  lockMs: 60_000,
  stalledCheckMs: 30_000,
  waitMs: 5000,
  silentMs: 30_000,
}

/**
 * BullMQ fails a job that stalled more often than this without telling the handler. Ours is always delivered again:
 * the claim in the database knows whether the attempt is still wanted, and its attempt budget ends endless crashes.
 */
export const MAX_STALLED_COUNT = 2_147_483_647

/** How long a producer's question may take. */
export const ANSWER_MS = 2000
/** How long a connection may take to become usable. */
export const CONNECT_MS = 2000
/** How long a worker may take to become ready, and how long an orderly goodbye may take. */
export const START_MS = 10_000
export const GOODBYE_MS = 3000
/** Pause between tries to reach a queue that is down. */
export const RETRY_MS = 1000
