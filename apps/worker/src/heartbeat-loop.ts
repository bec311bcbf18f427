// One call every few seconds for all of a worker's jobs: it renews their leases and brings back what to do with them.
// A lease that could not be renewed is over, on this side too: by then the job may run somewhere else.
import type { Logger } from '@stillhouse/kit'
import type { WorkerOrders } from '@stillhouse/spec'
import { describeError, isUnknownWorker } from './api-failure.ts'
import type { AttemptControl } from './attempt-control.ts'
import type { Readiness } from './readiness.ts'
import type { Registration } from './registration.ts'
import type { WorkerApi } from './worker-api.ts'

export interface HeartbeatLoop {
  /** Beats now rather than at the next turn; resolves when that beat is over, whether or not it was heard. */
  beatNow(): Promise<void>
  stop(): Promise<void>
}

export interface HeartbeatOptions {
  readonly api: Pick<WorkerApi, 'heartbeat'>
  readonly registration: Registration
  readonly attempts: ReadonlySet<AttemptControl>
  readonly readiness: Pick<Readiness, 'isReady'>
  /** Aborted when the worker shuts down. */
  readonly draining: AbortSignal
  readonly logger: Logger
}

export function startHeartbeats(options: HeartbeatOptions): HeartbeatLoop {
  const { registration, logger } = options
  let stopped = false
  let wake = (): void => {}
  let asked: (() => void)[] = []
  let answered = true

  async function beat(): Promise<void> {
    try {
      await exchange(options)
      if (!answered) logger.info('the API answers again')
      answered = true
    } catch (error) {
      if (answered) logger.warn({ reason: describeError(error) }, 'a heartbeat failed; trying on')
      answered = false
      abandonExpired(options.attempts)
    }
  }

  async function run(): Promise<void> {
    while (!stopped) {
      const began = performance.now()
      const answering = asked
      asked = []
      await beat()
      for (const answer of answering) answer()
      if (asked.length > 0) continue
      const restMs = registration.current().heartbeatSeconds * 1000 - (performance.now() - began)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.max(0, restMs))
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  const running = run()
  return {
    beatNow: () =>
      new Promise((resolve) => {
        asked.push(resolve)
        wake()
      }),
    stop: async () => {
      stopped = true
      wake()
      await running
    },
  }
}

async function exchange({ api, registration, attempts, readiness, draining }: HeartbeatOptions): Promise<void> {
  const { workerId, leaseSeconds } = registration.current()
  const state = draining.aborted || !(await readiness.isReady()) ? 'draining' : 'active'
  const held = [...attempts]
  const sentAt = performance.now()
  try {
    const orders = await api.heartbeat(workerId, { state, jobs: held.map(({ ref }) => ref) })
    obey(orders, held, sentAt + leaseSeconds * 1000)
  } catch (error) {
    if (!isUnknownWorker(error)) throw error
    await registration.renew()
  }
}

function obey({ jobs }: WorkerOrders, held: readonly AttemptControl[], leaseUntil: number): void {
  for (const { jobId, attempt, order, reason } of jobs) {
    const control = held.find(({ ref }) => ref.jobId === jobId && ref.attempt === attempt)
    if (order === 'abandon') control?.abandon('the API says that the attempt is no longer ours')
    // whatever else an API of a later version may say, the attempt is ours: it goes on
    else control?.renewLease(leaseUntil)
    if (order === 'cancel') control?.stop('cancel')
    if (order === 'hand-back') control?.stop('hand-back', reason)
  }
}

function abandonExpired(held: Iterable<AttemptControl>): void {
  const now = performance.now()
  for (const control of held)
    if (now > control.leaseUntil()) control.abandon('the lease ran out while the API could not be reached')
}
