// The contract of the queue: a hand-over, not a store. PostgreSQL (our tables) stays the truth, so a queue may be wiped.
import type { QueueMessage } from '@stillhouse/spec'

/**
 * Every worker has a queue of its own, named by its id: the dispatcher has decided who takes what.
 * Every call gives up within a few seconds with ApiError service.unavailable when the queue does not answer, and the
 * next call tries again from scratch: nothing has to be restarted when the queue comes back.
 */
export interface QueueProducer {
  /** Hands one attempt over. The same attempt twice is harmless. Rejects within a few seconds when the queue is down. */
  add(message: QueueMessage, workerId: string): Promise<void>
  /** Takes an attempt out again if no worker has it yet; true when it was there. */
  remove(message: QueueMessage, workerId: string): Promise<boolean>
  /** Whether the queue still knows the attempt (waiting or with a worker). */
  has(message: QueueMessage, workerId: string): Promise<boolean>
  /** At most so many of the attempts that wait in the worker's queue, in any order; those it has taken are left out. */
  waiting(workerId: string, limit: number): Promise<QueueMessage[]>
  counts(workerId: string): Promise<{ waiting: number; active: number }>
  /** Deletes the queue of a worker that is gone for good, with all that is in it. */
  forget(workerId: string): Promise<void>
  /** Rejects when the queue does not answer within a second or two. */
  ping(): Promise<void>
  close(): Promise<void>
}

export interface ConsumerOptions {
  /** Whose queue. */
  readonly workerId: string
  /** Jobs at a time. */
  readonly concurrency: number
  /**
   * Called per message; the message is done when it resolves and also when it rejects: attempts are ours, not the queue's.
   * Messages are delivered at least once, so the claim in the database decides whether there is anything to do.
   * `signal` is aborted by `close`: finish up. A lost queue lock does not abort it, since the lease in the database counts.
   */
  readonly handle: (message: QueueMessage, signal: AbortSignal) => Promise<void>
  /** Told of every fault that the consumer survives, repeated ones only now and then. May throw without harm. */
  readonly onError: (error: Error) => void
  /** For tests; the defaults fit jobs that run for hours. */
  readonly timing?: Partial<ConsumerTiming>
}

export interface ConsumerTiming {
  /** How long a message stays with a consumer that is no longer heard of. */
  readonly lockMs: number
  /** How often each consumer looks for messages whose lock ran out. */
  readonly stalledCheckMs: number
  /** How long an idle consumer waits for a message before it asks again. */
  readonly waitMs: number
  /** A consumer with free slots that has not managed to ask for this long is built anew. */
  readonly silentMs: number
}

export interface QueueConsumer {
  /** Takes no more messages; running ones go on. A message that was already on its way goes back to the queue. */
  pause(): Promise<void>
  /**
   * Milliseconds since the consumer last heard from the queue; for liveness. With a free slot only an answer to
   * "is there work?" counts, so a consumer that renews locks but no longer asks does not look alive.
   */
  idleMs(): number
  /** Aborts the handlers' signal, waits for running handlers, then disconnects. */
  close(): Promise<void>
}
