// A BullMQ worker's coming and going: it is only handed out when both its connections work, and it may not hang when it
// has to leave a server that no longer answers.
import type { OpenWorker, QueueBackend, WorkerOptions } from './queue-backend.ts'
import { GOODBYE_MS, START_MS } from './queue-settings.ts'
import { within } from './within.ts'

export interface ReadyWorkerOptions extends WorkerOptions {
  readonly report: (error: unknown) => void
}

/** A connected worker that does not run yet. @throws EnvError, or any other error when the server is not there */
export async function openReadyWorker(
  backend: QueueBackend,
  { report, ...options }: ReadyWorkerOptions,
): Promise<OpenWorker> {
  await backend.prepare()
  const open = backend.openWorker(options)
  open.onError(report)
  open.onLockLost((ids) => report(lockLost(ids)))
  try {
    await within(START_MS, 'connecting', open.worker.waitUntilReady())
    return open
  } catch (error) {
    await dismissWorker(open, { inHaste: true, report })
    throw error
  }
}

export interface DismissOptions {
  /** Leave at once, without telling the queue about what still runs. */
  readonly inHaste: boolean
  readonly report: (error: unknown) => void
}

/** Closes the worker and its connections; never rejects. */
export async function dismissWorker({ worker, destroy }: OpenWorker, options: DismissOptions): Promise<void> {
  await within(GOODBYE_MS, 'closing', worker.close(options.inHaste)).catch(options.report)
  await destroy()
}

function lockLost(ids: readonly string[]): Error {
  return new Error(
    `The queue lock of ${ids.join(', ')} could not be renewed, so the message may be delivered again. ` +
      'The handler goes on: the lease in the database decides.',
  )
}
