// The queues of all workers over one connection: made when they are first used, closed together.
import type { OpenQueues, WorkerQueue } from './queue-backend.ts'

interface Shared {
  /** Must not connect by itself. */
  readonly open: (workerId: string) => WorkerQueue & { on(event: 'error', listener: (error: Error) => void): unknown }
  readonly ready: () => Promise<unknown>
  readonly ping: () => Promise<unknown>
  /** Ends the connection, by force if it hangs. `closeQueues` may be called before or after it. */
  readonly destroy: (closeQueues: () => Promise<void>) => Promise<void>
}

export function shareConnection({ open, ready, ping, destroy }: Shared): OpenQueues {
  const queues = new Map<string, WorkerQueue>()
  let tell: (error: Error) => void = () => {}
  const closeQueues = async (): Promise<void> => {
    await Promise.all([...queues.values()].map((queue) => queue.close().catch(() => {})))
  }
  return {
    of(workerId) {
      const known = queues.get(workerId)
      if (known !== undefined) return known
      const queue = open(workerId)
      queue.on('error', (error) => tell(error))
      queues.set(workerId, queue)
      return queue
    },
    async release(workerId) {
      const queue = queues.get(workerId)
      queues.delete(workerId)
      await queue?.close()
    },
    ready,
    ping,
    onError(listener) {
      tell = listener
    },
    destroy: () => destroy(closeQueues),
  }
}
