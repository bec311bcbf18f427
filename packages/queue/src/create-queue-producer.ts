// The side that hands attempts over. It must never hang: whoever calls it has the attempt safe in the database and tries
// again later. So each call has a deadline, and after a failure the connection is dropped and the next call starts anew.
import { ApiError, EnvError, type Logger } from '@stillhouse/kit'
import { type QueueMessage, queueIdOf } from '@stillhouse/spec'
import { chooseBackend } from './choose-backend.ts'
import { createErrorReporter } from './create-error-reporter.ts'
import type { QueueProducer } from './job-queue.ts'
import type { OpenQueue, QueueBackend } from './queue-backend.ts'
import { ANSWER_MS, JOB_NAME, JOB_OPTIONS, START_MS } from './queue-settings.ts'
import { within } from './within.ts'

export interface ProducerOptions {
  readonly logger: Logger
}

/**
 * A producer for the queue at `url` (redis://, rediss:// or postgresql://). A queue that cannot be reached yet is no
 * error here: it is logged, and calls reject until it is there.
 * @throws EnvError when the URL or the server does not fit, saying what to change
 */
export async function createQueueProducer(url: string, { logger }: ProducerOptions): Promise<QueueProducer> {
  const backend = chooseBackend(url)
  const report = createErrorReporter((error) =>
    logger.warn({ err: error }, `the queue at ${backend.place} has a fault`),
  )
  const connection = createConnection(backend, report)
  try {
    await connection.open()
  } catch (error) {
    if (error instanceof EnvError) throw error
    report(error)
  }
  const ask = <T>(verb: string, question: (open: OpenQueue) => Promise<T>): Promise<T> =>
    askQueue(connection, { place: backend.place, verb, question })
  return {
    add: (message) => ask('add to', ({ queue }) => add(queue, message)),
    remove: (message) => ask('remove from', ({ queue }) => remove(queue, queueIdOf(message))),
    has: async (message) =>
      (await ask('look into', ({ queue }) => queue.getJobState(queueIdOf(message)))) !== 'unknown',
    counts: () => ask('count', ({ queue }) => counts(queue)),
    ping: async () => void (await ask('reach', (open) => open.ping())),
    close: connection.close,
  }
}

async function add(queue: OpenQueue['queue'], message: QueueMessage): Promise<void> {
  const { jobId, attempt } = message
  await queue.add(JOB_NAME, { jobId, attempt }, { ...JOB_OPTIONS, jobId: queueIdOf(message) })
}

/** BullMQ's remove says 1 for a job that never was, and would take one from a worker whose lock has run out. */
async function remove(queue: OpenQueue['queue'], id: string): Promise<boolean> {
  if ((await queue.getJobState(id)) !== 'waiting') return false
  return (await queue.remove(id)) === 1
}

async function counts(queue: OpenQueue['queue']): Promise<{ waiting: number; active: number }> {
  const { waiting = 0, active = 0 } = await queue.getJobCounts('waiting', 'active')
  return { waiting, active }
}

interface Connection {
  /** The queue, connected and checked; opened when it is not. */
  open(): Promise<OpenQueue>
  /** Gives a connection up that has failed; the next `open` makes a new one. */
  drop(failed: OpenQueue): void
  close(): Promise<void>
}

function createConnection(backend: QueueBackend, report: (error: unknown) => void): Connection {
  let opening: Promise<OpenQueue> | undefined
  let live: OpenQueue | undefined
  let closed = false
  const connect = async (): Promise<OpenQueue> => {
    try {
      live = await openReadyQueue(backend, report)
      return live
    } catch (error) {
      opening = undefined
      throw error
    }
  }
  return {
    async open() {
      if (closed) throw new Error('this producer is closed')
      opening ??= connect()
      return opening
    },
    drop(failed) {
      if (live === failed) opening = undefined
      void failed.destroy()
    },
    async close() {
      closed = true
      const open = await opening?.catch(() => undefined)
      await open?.destroy()
    },
  }
}

async function openReadyQueue(backend: QueueBackend, report: (error: unknown) => void): Promise<OpenQueue> {
  await backend.prepare()
  const open = backend.openQueue()
  open.onError(report)
  try {
    await within(START_MS, 'connecting', open.queue.waitUntilReady())
    return open
  } catch (error) {
    await open.destroy()
    throw error
  }
}

interface Question<T> {
  readonly place: string
  readonly verb: string
  readonly question: (open: OpenQueue) => Promise<T>
}

async function askQueue<T>(connection: Connection, { place, verb, question }: Question<T>): Promise<T> {
  const deadline = Date.now() + ANSWER_MS
  let open: OpenQueue | undefined
  try {
    open = await within(ANSWER_MS, 'connecting', connection.open())
    return await within(Math.max(1, deadline - Date.now()), 'the answer', question(open))
  } catch (error) {
    if (error instanceof EnvError) throw error
    if (open !== undefined) connection.drop(open)
    const said = error instanceof Error ? error.message : String(error)
    throw new ApiError('service.unavailable', `Could not ${verb} the queue at ${place}: ${said}. It is tried again.`, {
      cause: error,
    })
  }
}
