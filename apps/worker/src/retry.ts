// Tries again with growing pauses: the API may restart under a running job, and a job must not notice.
import { setTimeout } from 'node:timers/promises'

export interface RetryOptions {
  /** Ends waiting and trying; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal
  /** Whether this error may go away by itself; others are thrown at once. */
  readonly mayPass: (error: unknown) => boolean
  /** First pause; doubles up to `maxMs`. Half of each pause is random, so that workers do not return in step. */
  readonly baseMs?: number
  readonly maxMs?: number
  /** The last error is thrown when this much time has gone; default: never. */
  readonly giveUpAfterMs?: number
  readonly onRetry?: (error: unknown, pauseMs: number) => void
}

/** Result of the first `task` that does not reject. */
export async function retry<T>(task: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { signal, mayPass, baseMs = 250, maxMs = 5000, giveUpAfterMs = Number.POSITIVE_INFINITY, onRetry } = options
  const started = performance.now()
  for (let tries = 0; ; tries += 1) {
    signal?.throwIfAborted()
    try {
      return await orAbort(task(), signal)
    } catch (error) {
      signal?.throwIfAborted()
      const full = Math.min(maxMs, baseMs * 2 ** tries)
      const pauseMs = full / 2 + (Math.random() * full) / 2
      if (!mayPass(error) || performance.now() - started + pauseMs > giveUpAfterMs) throw error
      onRetry?.(error, pauseMs)
      // an abort ends the pause; the next round throws its reason
      await setTimeout(pauseMs, undefined, { signal }).catch(() => undefined)
    }
  }
}

/** The task's own end may be far off, e.g. that of a large upload. */
async function orAbort<T>(task: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return task
  let stop = (): void => {}
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
  })
  return Promise.race([task, aborted]).finally(() => signal.removeEventListener('abort', stop))
}
