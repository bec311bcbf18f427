// A job's events as an async iterator that survives lost connections: it reconnects with the last number it has seen.
import type { JobEvent } from '@stillhouse/spec'
import { ApiProblem } from './api-problem.ts'
import { ApiUnreachable } from './api-unreachable.ts'
import { backOff } from './back-off.ts'
import { type ReadOptions, readBody } from './read-body.ts'
import { createSseParser } from './sse-parser.ts'

export interface WatchOptions {
  /** Only events with a higher number; default 0, all. */
  readonly after?: number
  readonly signal?: AbortSignal | undefined
  /** Failed connections in a row after which to give up; default 20, about two and a half minutes. */
  readonly retries?: number
  /** A stream that is silent for longer than this is taken for dead; the service sends something every 15 s. */
  readonly idleMs?: number
}

/** Opens the stream after event `after`; 204 when nothing follows any more. */
export type OpenStream = (after: number, signal?: AbortSignal) => Promise<Response>

/**
 * Yields each event once and in order, and ends after the last one of a finished job.
 * @throws ApiProblem for requests that are wrong, ApiUnreachable when all retries failed, or the signal's reason
 */
export async function* watchEvents(open: OpenStream, options: WatchOptions = {}): AsyncGenerator<JobEvent> {
  const { signal, retries = 20, idleMs = 45_000 } = options
  let last = options.after ?? 0
  let failures = 0
  for (;;) {
    try {
      const response = await open(last, signal)
      if (response.status === 204) return
      const before = last
      for await (const event of eventsOf(response, { signal, idleMs })) {
        if (event.seq <= last) continue
        last = event.seq
        failures = 0
        yield event
      }
      // a stream that ends is either the job's end, which the next answer confirms, or a service that stops
      if (last === before) throw new ApiUnreachable(response.url, new Error('the event stream ended without an event'))
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      failures += 1
      if (!isPassing(error) || failures > retries) throw error
      await backOff(failures, signal)
    }
  }
}

/** Whether trying again may help. */
function isPassing(error: unknown): boolean {
  return !(error instanceof ApiProblem) || error.status >= 500 || error.status === 429
}

async function* eventsOf(response: Response, options: ReadOptions): AsyncGenerator<JobEvent> {
  const parser = createSseParser()
  const decoder = new TextDecoder()
  for await (const bytes of readBody(response, options))
    for (const { data } of parser.push(decoder.decode(bytes, { stream: true }))) yield JSON.parse(data) as JobEvent
}
