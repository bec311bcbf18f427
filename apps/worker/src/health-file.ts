// For orchestrators: a file that the event loop touches, so its age tells whether the process still turns, and its text
// how far it is. Neither API nor queue has a part in it: when they are away, restarting workers only loses work.
import { rmSync, utimesSync, writeFileSync } from 'node:fs'
import type { Logger } from '@stillhouse/kit'

type WorkerPhase = 'starting' | 'taking-jobs' | 'draining'

export interface HealthFile {
  say(phase: WorkerPhase): void
  /** Stops touching the file and deletes it. */
  close(): void
}

const EVERY_MS = 5000
const NONE: HealthFile = { say: () => {}, close: () => {} }

/**
 * Keeps the file from now on. One that cannot be written is logged and does not disturb the worker.
 * @param path undefined: nobody asks for one
 * @param everyMs between two touches, milliseconds
 */
export function keepHealthFile(path: string | undefined, logger: Logger, everyMs = EVERY_MS): HealthFile {
  if (path === undefined) return NONE
  const attempt = (write: (path: string) => void): void => {
    try {
      write(path)
    } catch (error) {
      logger.warn({ err: error }, 'the health file could not be written')
    }
  }
  const say = (phase: WorkerPhase): void => attempt((file) => writeFileSync(file, `${phase}\n`))
  const touch = (file: string): void => utimesSync(file, new Date(), new Date())
  say('starting')
  const timer = setInterval(() => attempt(touch), everyMs)
  timer.unref()
  return {
    say,
    close: () => {
      clearInterval(timer)
      attempt((file) => rmSync(file, { force: true }))
    },
  }
}
