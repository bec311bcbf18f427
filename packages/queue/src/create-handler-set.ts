// The handlers that run in this process, whichever worker brought their message.
import { type QueueMessage, queueIdOf } from '@stillhouse/spec'
import type { ConsumerOptions } from './job-queue.ts'

export interface HandlerSet {
  readonly size: number
  /** Runs the handler; resolves when it has ended, however it ended. */
  run(message: unknown): Promise<void>
  /** Resolves when no handler runs. */
  settled(): Promise<void>
}

export interface HandlerSetOptions {
  readonly handle: ConsumerOptions['handle']
  readonly signal: AbortSignal
  readonly report: (error: unknown) => void
}

export function createHandlerSet({ handle, signal, report }: HandlerSetOptions): HandlerSet {
  const running = new Map<string, Promise<void>>()
  const run = async (message: QueueMessage): Promise<void> => {
    try {
      await handle(message, signal)
    } catch (error) {
      report(new Error(`The handler of attempt ${queueIdOf(message)} failed: ${textOf(error)}`, { cause: error }))
    }
  }
  return {
    get size() {
      return running.size
    },
    async run(message) {
      if (!isQueueMessage(message)) {
        report(new Error(`A message without jobId and attempt was dropped: ${JSON.stringify(message)?.slice(0, 200)}`))
        return
      }
      const id = queueIdOf(message)
      // Delivered again to the process that is still at it: one handler is enough.
      if (running.has(id)) return
      const ended = run(message)
      running.set(id, ended)
      await ended
      running.delete(id)
    },
    async settled() {
      while (running.size > 0) await Promise.all(running.values())
    },
  }
}

function isQueueMessage(message: unknown): message is QueueMessage {
  if (typeof message !== 'object' || message === null) return false
  const { jobId, attempt } = message as Partial<QueueMessage>
  return typeof jobId === 'string' && Number.isInteger(attempt)
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
