// Leases and queue locks are renewed by timers, so whatever blocks the worker's event loop costs jobs. Nothing here
// should; if something does, the log has to say so.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Logger } from '@stillhouse/kit'

const ALARM_MS = 5000
const EVERY_MS = 10_000

/**
 * @param onLag told the longest delay of each interval, seconds
 * @returns stops watching
 */
export function watchEventLoop(logger: Logger, onLag: (seconds: number) => void): () => void {
  const delay = monitorEventLoopDelay({ resolution: 100 })
  delay.enable()
  const timer = setInterval(() => {
    const longestMs = Math.round(delay.max / 1e6)
    delay.reset()
    onLag(longestMs / 1000)
    if (longestMs > ALARM_MS) logger.error({ longestMs }, 'the event loop was blocked; leases may have run out')
  }, EVERY_MS)
  return () => {
    clearInterval(timer)
    delay.disable()
  }
}
