// One forked trainer, as its worker sees it: typed messages, one promise for its end, and three ways to make it end.
import { type ChildProcess, fork } from 'node:child_process'
import {
  IPC_VERSION,
  type ProcessEnd,
  type TrainerToWorker,
  type TrainerVersions,
  type WorkerToTrainer,
} from '@stillhouse/spec'
import { makeExpendable, outOfMemoryKills } from './process-facts.ts'
import { readTrainerOutput } from './trainer-output.ts'

type WithoutVersion<T> = T extends unknown ? Omit<T, 'version'> : never
export type ToTrainer = WithoutVersion<WorkerToTrainer>

/** How a trainer ended, with what it printed last. */
export interface TrainerEnd extends ProcessEnd {
  readonly lastWords: string
}

export interface TrainerProcess {
  readonly pid: number
  /** Rejects when TensorFlow cannot be loaded, with the trainer's own explanation. */
  readonly ready: Promise<TrainerVersions>
  /** Resolves after the last message was delivered. Never rejects. */
  readonly ended: Promise<TrainerEnd>
  hasEnded(): boolean
  send(message: ToTrainer): void
  /** Gives messages and printed lines to a job; before that nobody hears them. */
  attach(listener: TrainerListener): void
  /** Asks to stop after the step; then SIGTERM; then SIGKILL. */
  stop(): void
  /** SIGTERM, then SIGKILL. */
  terminate(why: NonNullable<ProcessEnd['killedBy']>): void
  /** SIGKILL at once. */
  kill(why?: NonNullable<ProcessEnd['killedBy']>): void
}

interface TrainerListener {
  onMessage(message: TrainerToWorker): void
  onLine(line: string): void
}

export interface ForkOptions {
  readonly entry: string
  readonly env: NodeJS.ProcessEnv
  readonly execArgv: readonly string[]
  /** Patience with a trainer that was asked to stop, and after SIGTERM. */
  readonly stopGraceMs: number
  readonly termGraceMs: number
}

export function forkTrainer(options: ForkOptions): TrainerProcess {
  const child = fork(options.entry, [], {
    env: options.env,
    execArgv: [...options.execArgv],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  if (child.pid !== undefined) void makeExpendable(child.pid)
  let listener: TrainerListener | null = null
  let end: TrainerEnd | null = null
  let killedBy: ProcessEnd['killedBy']
  const output = readTrainerOutput([child.stdout, child.stderr], (line) => listener?.onLine(line))
  const ended = whenEnded(child, { lastWords: output.lastWords, killedBy: () => killedBy })
  void ended.then((known) => {
    end = known
  })
  child.on('message', (message) => listener?.onMessage(message as TrainerToWorker))
  const kill: TrainerProcess['kill'] = (why) => {
    killedBy ??= why
    child.kill('SIGKILL')
  }
  const term = (): void => {
    child.kill('SIGTERM')
    const last = setTimeout(() => child.kill('SIGKILL'), options.termGraceMs)
    void ended.then(() => clearTimeout(last))
  }
  const send: TrainerProcess['send'] = (message) => {
    // a trainer that is gone cannot be told anything; its end is dealt with where `ended` is awaited
    if (child.connected) child.send({ ...message, version: IPC_VERSION }, () => {})
  }
  return {
    pid: child.pid ?? -1,
    ready: whenReady(child, ended),
    ended,
    hasEnded: () => end !== null,
    send,
    attach: (next) => {
      listener = next
    },
    stop: () => {
      send({ type: 'stop' })
      const later = setTimeout(term, options.stopGraceMs)
      void ended.then(() => clearTimeout(later))
    },
    terminate: (why) => {
      killedBy ??= why
      term()
    },
    kill,
  }
}

function whenReady(child: ChildProcess, ended: Promise<TrainerEnd>): Promise<TrainerVersions> {
  const ready = new Promise<TrainerVersions>((resolve, reject) => {
    child.on('message', (raw) => {
      const message = raw as TrainerToWorker
      if (message.version !== IPC_VERSION) reject(new Error(foreign(message)))
      else if (message.type === 'ready') resolve(message.versions)
      else if (message.type === 'failed') reject(new Error(message.message))
    })
    void ended.then((end) =>
      reject(new Error(`The trainer ended before it was ready (${describeEnd(end)}).\n${end.lastWords}`.trim())),
    )
  })
  // a warm trainer that dies is noticed when it is taken
  ready.catch(() => {})
  return ready
}

function foreign(message: TrainerToWorker): string {
  return `The trainer speaks version ${JSON.stringify(message.version)} of the protocol, this worker ${IPC_VERSION}. Deploy both from the same build.`
}

const DRAIN_MS = 2000

interface Ending {
  readonly lastWords: () => string
  readonly killedBy: () => ProcessEnd['killedBy']
}

async function whenEnded(child: ChildProcess, { lastWords, killedBy }: Ending): Promise<TrainerEnd> {
  const closed = new Promise<[number | null, string | null]>((resolve) => {
    child.once('error', () => resolve([null, null]))
    child.once('exit', (...how) => {
      // `close` comes when the pipes and the message channel are drained too; but a process that the trainer has
      // started may hold the pipes open
      const late = setTimeout(resolve, DRAIN_MS, how)
      child.once('close', () => {
        clearTimeout(late)
        resolve(how)
      })
    })
  })
  const killsBefore = await outOfMemoryKills()
  const [code, signal] = await closed
  const why = killedBy() ?? (signal === 'SIGKILL' && (await outOfMemoryKills()) !== killsBefore ? 'memory' : undefined)
  return { code, signal, lastWords: lastWords(), ...(why ? { killedBy: why } : {}) }
}

/** `exit code 3` or `signal SIGSEGV`. */
export function describeEnd({ code, signal }: ProcessEnd): string {
  return signal ? `signal ${signal}` : code === null ? 'it could not be started' : `exit code ${code}`
}
