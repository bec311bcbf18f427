// What systemd or Kubernetes does for a service: when it ends, start it again.
import { setTimeout as sleep } from 'node:timers/promises'

const RESTART_MS = 500

/**
 * @typedef {import('@stillhouse/testkit').AppProcess} AppProcess
 * @typedef {{name: string, current: () => AppProcess, starts: () => number, stop: () => Promise<void>}} Service
 */

/**
 * @param {string} name
 * @param {() => AppProcess} start
 * @returns {Service} `starts` counts the first start too; after `stop` (by force) it is not started again
 */
export function supervise(name, start) {
  let stopped = false
  let starts = 0
  /** @type {AppProcess} */
  let current
  const startAgain = () => {
    starts += 1
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
    starts: () => starts,
    async stop() {
      stopped = true
      await current.end('SIGKILL')
    },
  }
}
