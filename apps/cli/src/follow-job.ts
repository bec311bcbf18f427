// Follows a job to its end: the event stream for what happens, a slow poll for the reason while it waits.
import { setTimeout } from 'node:timers/promises'
import type { Client } from '@stillhouse/client'
import { EXIT_CODES, isFinalState, type Job } from '@stillhouse/spec'
import { CliError } from './cli-error.ts'
import { createProgressView, type ProgressView } from './render/progress-view.ts'

export interface FollowOptions {
  /** Seconds after which to give up; the job itself goes on. */
  readonly timeoutSeconds?: number
  readonly quiet?: boolean
}

/**
 * Shows the job's progress until it is finished.
 * @returns the finished job
 * @throws CliError with exit code 5 when the time is over
 */
export async function followJob(client: Client, id: string, options: FollowOptions = {}): Promise<Job> {
  // an unknown job or a service that is not there is told at once; once the stream runs, the client mends it
  await client.getJob(id)
  const view = options.quiet ? undefined : createProgressView()
  const limit = options.timeoutSeconds === undefined ? undefined : AbortSignal.timeout(options.timeoutSeconds * 1000)
  const done = new AbortController()
  const signal = limit === undefined ? done.signal : AbortSignal.any([limit, done.signal])
  const waiting = view === undefined ? undefined : showWaiting({ client, id, view, signal })
  try {
    for await (const event of client.watchEvents(id, { signal })) {
      view?.event(event)
      if (event.type !== 'state' || !isFinalState(event.data.state)) continue
      // an old end, followed by a retry, is not the end
      const job = await client.getJob(id)
      if (isFinalState(job.state)) return job
    }
    throw timedOut(id, options.timeoutSeconds)
  } catch (error) {
    throw limit?.aborted ? timedOut(id, options.timeoutSeconds) : error
  } finally {
    done.abort()
    await waiting
    view?.close()
  }
}

function timedOut(id: string, seconds: number | undefined): CliError {
  return new CliError(
    `job ${id} is not finished after ${seconds} s; it goes on. Follow it with: stillhouse watch ${id}`,
    EXIT_CODES.timedOut,
  )
}

interface Waiting {
  readonly client: Client
  readonly id: string
  readonly view: ProgressView
  readonly signal: AbortSignal
}

const WAITING: readonly Job['state'][] = ['blocked', 'queued', 'dispatched']

async function showWaiting({ client, id, view, signal }: Waiting): Promise<void> {
  while (!signal.aborted) {
    const job = await client.getJob(id).catch(() => undefined)
    if (job !== undefined && !WAITING.includes(job.state)) return
    if (job !== undefined && !signal.aborted) view.waiting(job.queue?.reason ?? 'waiting')
    await setTimeout(1000, undefined, { signal }).catch(() => undefined)
  }
}
