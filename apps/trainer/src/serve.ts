// The life of a trainer: load TensorFlow, say so, wait for one job, run it, say how it ended, exit.
import type { JobEvent, RunRequest, Shelves } from '@stillhouse/engine'
import { OUT_OF_MEMORY_EXIT_CODE, type StartJob, type WorkerToTrainer } from '@stillhouse/spec'
import type { Backend } from './backend.ts'
import { type Channel, type IpcProcess, openChannel } from './channel.ts'
import { describeBackend } from './describe-backend.ts'
import { failureOf } from './failure-of.ts'
import { createModelFetcher, type ModelFetcher } from './fetch-model.ts'
import { requireGpu } from './require-gpu.ts'

export interface Trainer {
  readonly ipc: IpcProcess
  readonly loadBackend: () => Backend
  /** The engine: yields what the worker is told, `done` or `stopped` last; throws what ends the job. */
  readonly runJob: (request: RunRequest) => AsyncIterable<JobEvent>
  readonly shelves: Shelves
  /** Aborted when the process is asked to stop by other means than a message. */
  readonly stop: AbortController
}

/** Serves one job. @returns the exit code of the process; every message is handed over by then */
export async function serve(trainer: Trainer): Promise<number> {
  const { stop } = trainer
  const inbox = openInbox(trainer)
  try {
    const backend = trainer.loadBackend()
    await inbox.channel.send({ type: 'ready', versions: describeBackend(backend) })
    const job = await inbox.start
    if (job) await run(job, backend, trainer, inbox)
    return 0
  } catch (error) {
    return reportFailure(inbox.channel, error)
  } finally {
    stop.abort()
  }
}

interface Inbox {
  readonly channel: Channel
  readonly fetcher: ModelFetcher
  /** The job, or null when told to stop before one came; rejects on a message of another version. */
  readonly start: Promise<StartJob | null>
}

function openInbox({ ipc, stop }: Trainer): Inbox {
  let begin: (job: StartJob | null) => void = () => {}
  let refuse: (error: Error) => void = () => {}
  const start = new Promise<StartJob | null>((resolve, reject) => {
    begin = resolve
    refuse = reject
  })
  // whoever awaits it sees the refusal; one that comes while TensorFlow loads must not count as unhandled
  start.catch(() => {})
  stop.signal.addEventListener('abort', () => begin(null))
  const receive = (message: WorkerToTrainer): void => {
    if (message.type === 'start') begin(message)
    else if (message.type === 'stop') stop.abort()
    else fetcher.answer(message)
  }
  const channel = openChannel(ipc, receive, (error) => refuse(error))
  const fetcher = createModelFetcher(channel)
  return { channel, fetcher, start }
}

async function run(job: StartJob, backend: Backend, { runJob, shelves, stop }: Trainer, inbox: Inbox): Promise<void> {
  requireGpu(job.spec, backend)
  const { spec, scratch, checkpoint, dataFolders, dataRoots, cacheDir, cacheBytes } = job
  const { tf } = backend
  const { fetchModel } = inbox.fetcher
  const folders = { scratch, checkpoint, dataFolders, dataRoots, cacheDir, cacheBytes }
  for await (const event of runJob({ tf, spec, shelves, ...folders, fetchModel, signal: stop.signal }))
    await inbox.channel.send(event)
}

/** Tells the worker, with the stack in the job's log when it is an error that nobody foresaw. */
export async function reportFailure(channel: Channel, error: unknown): Promise<number> {
  const failure = failureOf(error)
  if (failure.code === 'trainer.error' && error instanceof Error)
    await channel.send({ type: 'log', level: 'error', message: error.stack ?? error.message })
  await channel.send({ type: 'failed', ...failure })
  return failure.code === 'resource.out_of_memory' ? OUT_OF_MEMORY_EXIT_CODE : 1
}
