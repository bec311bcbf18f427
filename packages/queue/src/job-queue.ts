// The contract of the queue: a hand-over, not a store. PostgreSQL (our tables) stays the truth, so a queue may be wiped.
import type { QueueMessage } from '@stillhouse/spec'

export interface QueueProducer {
  /** Hands one attempt over. The same attempt twice is harmless. Rejects within a few seconds when the queue is down. */
  add(message: QueueMessage): Promise<void>
  /** Takes an attempt out again if no worker has it yet; true when it was there. */
  remove(message: QueueMessage): Promise<boolean>
  /** Whether the queue still knows the attempt (waiting or with a worker). */
  has(message: QueueMessage): Promise<boolean>
  counts(): Promise<{ waiting: number; active: number }>
  /** Rejects when the queue does not answer within a second or two. */
  ping(): Promise<void>
  close(): Promise<void>
}

export interface ConsumerOptions {
  /** Jobs at a time. */
  readonly concurrency: number
  /** Called per message; the message is done when it resolves and also when it rejects: attempts are ours, not the queue's. */
  readonly handle: (message: QueueMessage, signal: AbortSignal) => Promise<void>
  readonly onError: (error: Error) => void
}

export interface QueueConsumer {
  /** Takes no more messages; running ones go on. */
  pause(): Promise<void>
  /** Milliseconds since the consumer last heard from the queue; for liveness. */
  idleMs(): number
  /** Waits for running handlers, then disconnects. */
  close(): Promise<void>
}
