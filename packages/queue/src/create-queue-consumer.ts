// The side that takes attempts. It outlives its server: the worker is made again when it cannot start or has fallen
// silent, while handlers that run already go on undisturbed.
import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { EnvError } from '@stillhouse/kit'
import type { QueueMessage } from '@stillhouse/spec'
import { type Job, WaitingError } from 'bullmq'
import { chooseBackend } from './choose-backend.ts'
import { createErrorReporter } from './create-error-reporter.ts'
import { createHandlerSet } from './create-handler-set.ts'
import { createPulse } from './create-pulse.ts'
import type { ConsumerOptions, QueueConsumer } from './job-queue.ts'
import { dismissWorker, openReadyWorker } from './open-ready-worker.ts'
import type { OpenWorker, QueueBackend } from './queue-backend.ts'
import { DEFAULT_TIMING, GOODBYE_MS, RETRY_MS } from './queue-settings.ts'
import { within } from './within.ts'

/**
 * A consumer of the queue at `url` (redis://, rediss:// or postgresql://). A queue that cannot be reached yet is no error
 * here: it is told to `onError`, and the consumer starts when the queue is there.
 * @throws EnvError when the URL or the server does not fit, saying what to change
 */
export async function createQueueConsumer(url: string, options: ConsumerOptions): Promise<QueueConsumer> {
  const { start, ...consumer } = createConsumer(chooseBackend(url), options)
  await start()
  return consumer
}

/** One BullMQ worker in the consumer's life. */
interface Shift {
  readonly startedAt: number
  readonly open: OpenWorker
  /** Handlers that this worker waits for. */
  active: number
}

function createConsumer(backend: QueueBackend, options: ConsumerOptions): QueueConsumer & { start(): Promise<void> } {
  const { concurrency, workerId } = options
  const timing = { ...DEFAULT_TIMING, ...options.timing }
  const report = createErrorReporter(options.onError)
  const stop = new AbortController()
  setMaxListeners(0, stop.signal)
  const handlers = createHandlerSet({ handle: options.handle, signal: stop.signal, report })
  const pulse = createPulse()
  let shift: Shift | undefined
  let paused = false
  let keeping: Promise<void> | undefined
  let closing: Promise<void> | undefined

  const isAsking = (): boolean => !paused && handlers.size < concurrency

  /** Handlers begun under earlier workers still fill slots. */
  const freeSlots = (current: Shift | undefined): number =>
    Math.max(1, concurrency - Math.max(0, handlers.size - (current?.active ?? 0)))

  const work = async (own: Shift, job: Job<QueueMessage>, token?: string): Promise<void> => {
    if (paused || own !== shift) return handBack(job, token, report)
    own.active += 1
    await handlers.run(job.data)
    own.active -= 1
    pulse.slotFreed()
    if (shift !== undefined) shift.open.worker.concurrency = freeSlots(shift)
  }

  const startShift = async (): Promise<void> => {
    const open = await openReadyWorker(backend, {
      workerId,
      concurrency: freeSlots(undefined),
      timing,
      heard: pulse.heard,
      perform: (job, token) => work(next, job, token),
      report,
    })
    const next: Shift = { startedAt: Date.now(), open, active: 0 }
    if (paused) return dismissWorker(open, { inHaste: true, report })
    shift = next
    open.worker.concurrency = freeSlots(next)
    open.worker.run().catch(report)
  }

  const keepShift = async (): Promise<void> => {
    if (shift === undefined) return startShift()
    const silentMs = Math.min(pulse.silentMs(true), Date.now() - shift.startedAt)
    if (!isAsking() || silentMs < timing.silentMs) return
    report(new Error(`The queue at ${backend.place} has been silent for ${silentMs} ms; connecting anew.`))
    const silent = shift
    shift = undefined
    void dismissWorker(silent.open, { inHaste: true, report })
    return startShift()
  }

  const keepGoing = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      if (!paused) await keepShift().catch(report)
      await sleep(RETRY_MS, undefined, { signal: stop.signal }).catch(() => {})
    }
  }

  const pause = async (): Promise<void> => {
    paused = true
    await shift?.open.worker.pause(true)
  }

  const closeAll = async (): Promise<void> => {
    await pause()
    stop.abort()
    await handlers.settled()
    await within(GOODBYE_MS, 'starting', Promise.resolve(keeping)).catch(() => {})
    if (shift !== undefined) await dismissWorker(shift.open, { inHaste: false, report })
  }

  return {
    async start() {
      await startShift().catch((error: unknown) => {
        if (error instanceof EnvError) throw error
        report(error)
      })
      keeping = keepGoing()
    },
    pause,
    idleMs: () => pulse.silentMs(isAsking()),
    close() {
      closing ??= closeAll()
      return closing
    },
  }
}

/** The message came too late for this worker: another one shall have it. If even that fails, its lock runs out. */
async function handBack(
  job: Job<QueueMessage>,
  token: string | undefined,
  report: (error: unknown) => void,
): Promise<never> {
  await job.moveToWait(token).catch(report)
  throw new WaitingError()
}
