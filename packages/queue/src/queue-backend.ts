// What a backend brings. Producer and consumer are written once, over this; a backend only connects BullMQ to a server.
import type { QueueMessage } from '@stillhouse/spec'
import type { Job, Queue, Worker } from 'bullmq'
import type { ConsumerTiming } from './job-queue.ts'

export interface QueueBackend {
  /** Where the queue is, for messages; without credentials. */
  readonly place: string
  /**
   * Checks that the server is there and fit, and makes what is missing.
   * @throws EnvError when an operator has to change something; any other error means: not now
   */
  prepare(): Promise<void>
  /** Queues for producers: their commands fail fast. */
  openQueues(): OpenQueues
  /** A worker that does not run yet. */
  openWorker(options: WorkerOptions): OpenWorker
}

export interface WorkerOptions {
  readonly workerId: string
  readonly concurrency: number
  readonly timing: ConsumerTiming
  readonly perform: (job: Job<QueueMessage>, token?: string) => Promise<void>
  readonly heard: Heard
}

/** Told when the server has answered: to a request for work, or to anything else. */
export type Heard = (what: 'fetch' | 'other') => void

/** `destroy` ends all connections, those that hang by force; it never rejects. */
export interface OpenQueues {
  /** The queue of a worker, over the one connection that all share. */
  of(workerId: string): WorkerQueue
  /** Closes what is held for a queue that is not needed any more. */
  release(workerId: string): Promise<void>
  /** Resolves when the connection is there. */
  ready(): Promise<unknown>
  ping(): Promise<unknown>
  onError(listener: (error: Error) => void): void
  destroy(): Promise<void>
}

export type WorkerQueue = Pick<
  Queue<QueueMessage>,
  'add' | 'remove' | 'getJobState' | 'getJobCounts' | 'getWaiting' | 'obliterate' | 'waitUntilReady' | 'close'
>

export interface OpenWorker {
  readonly worker: Pick<Worker<QueueMessage>, 'run' | 'pause' | 'close' | 'waitUntilReady' | 'concurrency'>
  onError(listener: (error: Error) => void): void
  onLockLost(listener: (ids: string[]) => void): void
  destroy(): Promise<void>
}
