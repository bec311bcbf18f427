// The side that hands attempts over. It must never hang: whoever calls it has the attempt safe in the database and tries
// again later. So each call has a deadline, and after a failure the connection is dropped and the next call starts anew.
import { ApiError, EnvError, type Logger } from '@stillhouse/kit'
import { type QueueMessage, queueIdOf } from '@stillhouse/spec'
import { chooseBackend } from './choose-backend.ts'
import { createErrorReporter } from './create-error-reporter.ts'
import type { QueueProducer } from './job-queue.ts'
import type { OpenQueues, QueueBackend, WorkerQueue } from './queue-backend.ts'
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
  const ask = <T>(verb: string, question: (open: OpenQueues) => Promise<T>): Promise<T> =>
    askQueue(connection, { place: backend.place, verb, question })
  return {
    add: (message, workerId) => ask('add to', (queues) => add(queues.of(workerId), message)),
    remove: (message, workerId) => ask('remove from', (queues) => remove(queues.of(workerId), queueIdOf(message))),
    has: async (message, workerId) =>
      (await ask('look into', (queues) => queues.of(workerId).getJobState(queueIdOf(message)))) !== 'unknown',
    waiting: (workerId, limit) => ask('list', (queues) => waiting(queues.of(workerId), limit)),
    counts: (workerId) => ask('count', (queues) => counts(queues.of(workerId))),
    forget: (workerId) => ask('delete', (queues) => forget(queues, workerId)),
    ping: async () => void (await ask('reach', (open) => open.ping())),
    close: connection.close,
  }
}

async function add(queue: WorkerQueue, message: QueueMessage): Promise<void> {
  const { jobId, attempt } = message
  await queue.add(JOB_NAME, { jobId, attempt }, { ...JOB_OPTIONS, jobId: queueIdOf(message) })
}

/** BullMQ's remove says 1 for a job that never was, and would take one from a worker whose lock has run out. */
async function remove(queue: WorkerQueue, id: string): Promise<boolean> {
  if ((await queue.getJobState(id)) !== 'waiting') return false
  return (await queue.remove(id)) === 1
}

async function counts(queue: WorkerQueue): Promise<{ waiting: number; active: number }> {
  const { waiting = 0, active = 0 } = await queue.getJobCounts('waiting', 'active')
  return { waiting, active }
}

async function waiting(queue: WorkerQueue, limit: number): Promise<QueueMessage[]> {
  const jobs = await queue.getWaiting(0, limit - 1)
  // one that is taken between the two steps of the answer is missing from it
  return jobs.filter((job) => job !== undefined).map(({ data: { jobId, attempt } }) => ({ jobId, attempt }))
}

/** By force: what a dead worker still holds is nobody's. */
async function forget(queues: OpenQueues, workerId: string): Promise<void> {
  await queues.of(workerId).obliterate({ force: true })
  await queues.release(workerId)
}

interface Connection {
  /** The queue, connected and checked; opened when it is not. */
  open(): Promise<OpenQueues>
  /** Gives a connection up that has failed; the next `open` makes a new one. */
  drop(failed: OpenQueues): void
  close(): Promise<void>
}

function createConnection(backend: QueueBackend, report: (error: unknown) => void): Connection {
  let opening: Promise<OpenQueues> | undefined
  let live: OpenQueues | undefined
  let closed = false
  const connect = async (): Promise<OpenQueues> => {
    try {
      live = await openReadyQueues(backend, report)
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

async function openReadyQueues(backend: QueueBackend, report: (error: unknown) => void): Promise<OpenQueues> {
  await backend.prepare()
  const open = backend.openQueues()
  open.onError(report)
  try {
    await within(START_MS, 'connecting', open.ready())
    return open
  } catch (error) {
    await open.destroy()
    throw error
  }
}

interface Question<T> {
  readonly place: string
  readonly verb: string
  readonly question: (open: OpenQueues) => Promise<T>
}

async function askQueue<T>(connection: Connection, { place, verb, question }: Question<T>): Promise<T> {
  const deadline = Date.now() + ANSWER_MS
  let open: OpenQueues | undefined
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
