// The parent's end of a job process: starts it ahead of need, gives it attempts at jobs, hears what they say, kills it.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { JobEvent } from '@stillhouse/engine'
import type { JobSpec, MetricPoint } from '@stillhouse/spec'

const SCRIPT = fileURLToPath(new URL('job-process.mjs', import.meta.url))

/** Where and how an attempt is ended: after the metric point of that number. */
export type End = { readonly after: number } & (
  | {
      readonly how: 'from outside'
      /** Milliseconds between hearing of the point and the signal. */
      readonly delay: number
      /** The attempt goes on for so many events at most, so that a slow parent does not come too late. */
      readonly events: number
    }
  | {
      readonly how: 'while writing'
      /** File operation of the next checkpoint at which the process dies, counted from 1. */
      readonly operation: number
    }
)

/** One attempt at a job. */
export interface Attempt {
  readonly spec: JobSpec
  readonly scratch: string
  readonly checkpoint: string | null
  readonly end: End | null
}

/** What the process says. */
export type Said =
  | { readonly type: 'ready' }
  | { readonly type: 'event'; readonly event: JobEvent }
  | { readonly type: 'over'; readonly error: string | null }

export interface Outcome {
  readonly events: readonly JobEvent[]
  readonly points: readonly MetricPoint[]
  /** The process was gone before the job was over. */
  readonly killed: boolean
}

export interface JobChild {
  /** @throws Error with the child's stack when the job failed, or when it ended otherwise than asked */
  run(attempt: Attempt): Promise<Outcome>
  stop(): Promise<void>
}

export function startJobChild(): JobChild {
  const child = fork(SCRIPT, [], {
    env: { ...process.env, CUDA_VISIBLE_DEVICES: '', NODE_OPTIONS: '' },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const lines: string[] = []
  child.stderr?.setEncoding('utf8').on('data', (text: string) => lines.push(text))
  // what it said before it died is read before the channel closes
  const gone = Promise.all([once(child, 'exit'), once(child, 'disconnect')])
  gone.catch(() => {})
  return {
    run: async (attempt) => {
      const outcome = await runAttempt(child, gone, attempt)
      if (attempt.end === null ? !outcome.killed : child.signalCode === 'SIGKILL') return outcome
      const how = outcome.killed ? `died (${child.signalCode ?? child.exitCode})` : 'ran through'
      throw new Error(`The job's process ${how}, other than asked.\n${lines.join('')}`)
    },
    stop: async () => {
      child.kill('SIGKILL')
      await gone
    },
  }
}

async function runAttempt(child: ChildProcess, gone: Promise<unknown>, attempt: Attempt): Promise<Outcome> {
  const events: JobEvent[] = []
  const over = new Promise<Error | 'through'>((resolve) => {
    child.on('message', (said: Said) => {
      if (said.type === 'over') resolve(said.error === null ? 'through' : new Error(said.error))
      if (said.type !== 'event') return
      events.push(said.event)
      if (isEnd(said.event, attempt.end)) void killAfter(child, attempt.end)
    })
  })
  // a process that is gone by now shows below
  child.send(attempt, () => {})
  const ended = await Promise.race([over, gone.then(() => 'killed' as const)])
  child.removeAllListeners('message')
  if (ended instanceof Error) throw ended
  return { events, points: pointsOf(events), killed: ended === 'killed' }
}

function pointsOf(events: readonly JobEvent[]): MetricPoint[] {
  return events.flatMap((event) => (event.type === 'metrics' ? event.points : []))
}

function isEnd(event: JobEvent, end: End | null): end is End & { how: 'from outside' } {
  return end?.how === 'from outside' && pointsOf([event]).some(({ seq }) => seq === end.after)
}

async function killAfter(child: ChildProcess, { delay }: { readonly delay: number }): Promise<void> {
  await sleep(delay)
  child.kill('SIGKILL')
}
