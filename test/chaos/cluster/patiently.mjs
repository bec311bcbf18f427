// A user who does not give up: the service may be away for a while, and says so.
import { setTimeout as sleep } from 'node:timers/promises'

const PAUSE_MS = 300

/**
 * Tries again while the service cannot be reached, is overloaded or fails.
 * @template T
 * @param {() => Promise<T>} call must be harmless when repeated
 * @param {number} [seconds]
 * @returns {Promise<T>}
 */
export async function patiently(call, seconds = 120) {
  const end = performance.now() + seconds * 1000
  for (;;) {
    try {
      return await call()
    } catch (error) {
      const status = /** @type {{status?: unknown}} */ (error).status
      const final = typeof status === 'number' && status < 500 && status !== 429 && status !== 408
      if (final || performance.now() > end) throw error
      await sleep(PAUSE_MS)
    }
  }
}
