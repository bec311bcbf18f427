// Whether the worker can make something of a job that it is given now. One that cannot says that it drains: otherwise
// job after job would be handed to it, and wait or fail there, while other workers have nothing to do.
import type { Logger } from '@stillhouse/kit'
import type { QueueConsumer } from '@stillhouse/queue'
import type { ScratchRoom } from './scratch-room.ts'

/** A consumer with a free slot asks for work every five seconds; one that got no answer for so long is cut off. */
const DEAF_MS = 15_000

export interface Readiness {
  readonly hasRoom: ScratchRoom
  /** From now on it counts whether this consumer hears from its queue. */
  listenTo(consumer: Pick<QueueConsumer, 'idleMs'>): void
  isReady(): Promise<boolean>
}

export interface ReadinessOptions {
  readonly hasRoom: ScratchRoom
  /** Slots without a job. With none free nobody asks the queue, so its silence means nothing. */
  readonly free: readonly unknown[]
  readonly logger: Logger
}

export function createReadiness({ hasRoom, free, logger }: ReadinessOptions): Readiness {
  let consumer: Pick<QueueConsumer, 'idleMs'> | undefined
  let heard = true
  const hearsQueue = (): boolean => {
    const idleMs = free.length === 0 ? 0 : (consumer?.idleMs() ?? 0)
    const now = idleMs < DEAF_MS
    if (heard && !now) logger.warn({ idleMs }, 'the queue is silent; no new jobs until it is heard again')
    if (!heard && now) logger.info('the queue is heard again')
    heard = now
    return now
  }
  return {
    hasRoom,
    listenTo: (next) => {
      consumer = next
    },
    isReady: async () => hearsQueue() && (await hasRoom()),
  }
}
