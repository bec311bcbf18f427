// One process at a time does the background work: it holds an advisory lock on a connection of its own. When that
// connection is lost the lock is too, so the work is told to stop at once and the election starts again.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '@stillhouse/kit'
import { LOCKS } from './locks.ts'
import { openSession, type Session } from './session.ts'

export interface LeaderElection {
  isLeader(): boolean
  /** Ends the leadership and waits for the work to stop. */
  close(): Promise<void>
}

export interface LeaderOptions {
  readonly url: string
  readonly logger: Logger
  /** Runs while this process leads; must end soon after the signal, which comes when the leadership is lost. */
  readonly work: (signal: AbortSignal) => Promise<void>
  /** Pause between tries to become leader, milliseconds; default 1000. */
  readonly retryMs?: number
}

/** Stands for election until closed. */
export function startLeaderElection({ url, logger, work, retryMs = 1000 }: LeaderOptions): LeaderElection {
  const closing = new AbortController()
  let leading = false

  const campaign = async (): Promise<void> => {
    const term = new AbortController()
    const session = await openSession({ url, name: 'stillhouse-leader', onLost: (error) => term.abort(error) })
    const stop = (): void => term.abort()
    closing.signal.addEventListener('abort', stop)
    try {
      if (!(await waitForLock(session, term.signal, retryMs))) return
      leading = true
      logger.info('leading: this process hands out jobs now')
      await work(term.signal)
    } finally {
      leading = false
      closing.signal.removeEventListener('abort', stop)
      await session.close()
    }
  }
  const stand = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      await campaign().catch((error: unknown) => logger.warn({ err: error }, 'leader election failed; trying again'))
      await pause(retryMs, closing.signal)
    }
  }
  const standing = stand()

  return {
    isLeader: () => leading,
    async close() {
      closing.abort()
      await standing
    },
  }
}

async function waitForLock(session: Session, signal: AbortSignal, retryMs: number): Promise<boolean> {
  while (!signal.aborted) {
    const [row] = await session.query('SELECT pg_try_advisory_lock($1) AS got', [LOCKS.leader])
    if (row?.['got'] === true) return true
    await pause(retryMs, signal)
  }
  return false
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined)
}
