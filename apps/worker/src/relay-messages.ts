// Carries what a trainer says to the API. Small things go through the batcher at once; whatever has to do with files
// happens one after another, in the order in which it was announced.
import { join } from 'node:path'
import type { Logger } from '@stillhouse/kit'
import type { TrainerToWorker } from '@stillhouse/spec'
import type { AttemptApi } from './attempt-api.ts'
import type { LastMessage } from './decide-outcome.ts'
import { fetchModel } from './fetch-model.ts'
import { createFileKeeper, type Message } from './keep-files.ts'
import type { ReportBatcher } from './report-batcher.ts'
import { storableText } from './storable-text.ts'
import { createTaskLine } from './task-line.ts'
import type { AttemptTrace } from './telemetry-attempt.ts'
import type { ToTrainer } from './trainer-process.ts'
import type { TrainerRights } from './trainer-rights.ts'

export interface Relay {
  handle(message: TrainerToWorker): void
  /** What the trainer said last, or null. */
  lastMessage(): LastMessage | null
  /** Resolves when everything is stored and acknowledged; rejects with the first failure. */
  settled(): Promise<void>
}

export interface RelayOptions {
  readonly api: AttemptApi
  readonly attempt: number
  readonly batcher: ReportBatcher
  /** Folder below which fetched models are put. */
  readonly models: string
  readonly rights: TrainerRights
  readonly send: (message: ToTrainer) => void
  /** The trainer waits for a model, or no longer does. */
  readonly onWaiting: (waits: boolean) => void
  readonly onLastMessage: () => void
  /** Called at the first failure that must end the attempt. */
  readonly onFailure: () => void
  readonly trace: Pick<AttemptTrace, 'during'>
  readonly logger: Logger
}

const MAX_NOTE = 4000

type Handlers = { [T in TrainerToWorker['type']]: (message: Message<T>) => void }

export function createRelay(options: RelayOptions): Relay {
  const { api, attempt, batcher, models, rights, send, trace, onWaiting, onLastMessage } = options
  const keeper = createFileKeeper(options)
  const tasks = createTaskLine(options.onFailure)
  let last: LastMessage | null = null

  async function fetch({ id, reference }: Message<'fetch'>): Promise<void> {
    rights.mayFetch(reference)
    const model = await fetchModel(api, reference, join(models, String(id)))
    onWaiting(false)
    send({ type: 'fetched', id, dir: model?.dir ?? null, metrics: model?.metrics ?? {} })
  }

  const endWith = (message: LastMessage): void => {
    last = message
    onLastMessage()
  }

  const handlers: Handlers = {
    ready: () => {},
    progress: ({ progress }) => batcher.setProgress(progress),
    metrics: ({ points }) => batcher.addMetrics(points),
    log: ({ level, message }) => batcher.addLog(level, message),
    note: ({ message }) =>
      batcher.addEvent({ type: 'note', data: { attempt, message: storableText(message, MAX_NOTE) } }),
    eval: ({ stage, step, metrics }) => batcher.addEvent({ type: 'eval', data: { attempt, stage, step, metrics } }),
    checkpoint: (message) => {
      keeper.noteCheckpoint(message)
      tasks.add(() => trace.during('upload', keeper.keepCheckpoint, 'checkpoint'))
    },
    teacher: (message) => tasks.add(() => trace.during('upload', () => keeper.keepTeacher(message), 'teacher')),
    artifacts: (message) => tasks.add(() => trace.during('upload', () => keeper.keepArtifacts(message), message.kind)),
    fetch: (message) => {
      onWaiting(true)
      tasks.add(() => trace.during('fetch model', () => fetch(message)))
    },
    done: endWith,
    stopped: endWith,
    failed: endWith,
  }

  return {
    // the map's type ties each handler to its message; that is lost when it is indexed by a variable
    handle: (message) => (handlers[message.type] as (message: TrainerToWorker) => void)(message),
    lastMessage: () => last,
    settled: async () => {
      await tasks.settled()
      await batcher.flush()
    },
  }
}
