// A background loop: runs a step when woken and at least once per interval, one at a time, until told to stop.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '@stillhouse/kit'

export interface Loop {
  /** Runs the step again soon, even if it is running now. */
  wake(): void
  /** Ends soon after the signal, never in the middle of a step. */
  run(signal: AbortSignal): Promise<void>
}

export interface LoopOptions {
  readonly name: string
  readonly everyMs: number
  /** Pause after each step, also when woken: what wakes it all the time is answered together. Default 0. */
  readonly restMs?: number
  readonly logger: Logger
  readonly step: () => Promise<void>
}

export function createLoop({ name, everyMs, restMs = 0, logger, step }: LoopOptions): Loop {
  let woken = false
  let stopWaiting = (): void => undefined
  const wake = (): void => {
    woken = true
    stopWaiting()
  }
  const wait = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, everyMs)
      stopWaiting = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  return {
    wake,
    async run(signal) {
      const stop = (): void => stopWaiting()
      signal.addEventListener('abort', stop)
      while (!signal.aborted) {
        woken = false
        await step().catch((error: unknown) => logger.warn({ err: error, loop: name }, 'a background step failed'))
        if (restMs > 0) await sleep(restMs, undefined, { signal }).catch(() => undefined)
        if (!woken && !signal.aborted) await wait()
      }
      signal.removeEventListener('abort', stop)
    },
  }
}
