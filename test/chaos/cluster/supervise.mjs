// What systemd or Kubernetes does for a service: when it ends, start it again.
import { setTimeout as sleep } from 'node:timers/promises'

const RESTART_MS = 500

/**
 * @typedef {import('@stillhouse/testkit').AppProcess} AppProcess
 * @typedef {{name: string, current: () => AppProcess, startedAt: () => number, stop: () => Promise<void>}} Service
 */

/**
 * @param {string} name
 * @param {() => AppProcess} start
 * @returns {Service} `startedAt`: milliseconds since 1970, of the last start; after `stop` (by force) it is not started again
 */
export function supervise(name, start) {
  let stopped = false
  let startedAt = 0
  /** @type {AppProcess} */
  let current
  const startAgain = () => {
    startedAt = Date.now()
    current = start()
    void current.ended.then(async () => {
      await sleep(RESTART_MS)
      if (!stopped) startAgain()
    })
  }
  startAgain()
  return {
    name,
    current: () => current,
    startedAt: () => startedAt,
    async stop() {
      stopped = true
      await current.end('SIGKILL')
    },
  }
}
