// A job's events as server-sent events. The subscription comes before the first read and every ring leads to another
// read, so an event that happens at any moment in between is read either now or in the next round.
import type { JobEvent } from '@stillhouse/spec'
import { type Bell, createBell } from './bell.ts'

export interface EventFeed {
  read(after: number, limit: number): Promise<{ items: readonly JobEvent[]; complete: boolean }>
  /** Returns unsubscribe. */
  watch(wake: () => void): () => void
}

export interface EventStream {
  /** Text of the stream; ends after the last event of a finished job, or when stopped. */
  readonly chunks: AsyncIterable<string>
  /** Ends the stream and the subscription, at once and from anywhere. Harmless when repeated. */
  stop(): void
}

export interface EventStreamOptions {
  readonly after: number
  readonly heartbeatMs: number
}

/** Events read at a time: what a slow reader makes us hold. */
const PAGE = 200
/** What a client waits before it reconnects. */
const RETRY_MS = 2000

/**
 * Opens a stream after reading its first page.
 * @returns null when the job is finished and has no event after `after`
 * @throws what `feed.read` throws, e.g. ApiError job.not_found; nothing stays subscribed then
 */
export async function openEventStream(feed: EventFeed, options: EventStreamOptions): Promise<EventStream | null> {
  const bell = createBell()
  const unwatch = once(feed.watch(bell.ring))
  const state = { stopped: false }
  const stop = (): void => {
    state.stopped = true
    unwatch()
    bell.ring()
  }
  try {
    const first = await feed.read(options.after, PAGE)
    if (first.complete && first.items.length === 0) {
      stop()
      return null
    }
    return { chunks: generate({ feed, bell, state, stop, first, ...options }), stop }
  } catch (error) {
    stop()
    throw error
  }
}

function once(action: () => void): () => void {
  let done = false
  return () => {
    if (!done) action()
    done = true
  }
}

interface Generation extends EventStreamOptions {
  readonly feed: EventFeed
  readonly bell: Bell
  readonly state: { stopped: boolean }
  readonly stop: () => void
  readonly first: { items: readonly JobEvent[]; complete: boolean }
}

async function* generate({ feed, bell, state, stop, first, after, heartbeatMs }: Generation): AsyncGenerator<string> {
  let cursor = after
  let page = first
  try {
    yield `retry: ${RETRY_MS}\n\n`
    while (!state.stopped) {
      if (page.items.length > 0) yield page.items.map(formatEvent).join('')
      cursor = page.items.at(-1)?.seq ?? cursor
      const more = page.items.length >= PAGE
      if (page.complete && !more) return
      if (!more && (await bell.wait(heartbeatMs)) === 'timeout') yield ': still here\n\n'
      if (state.stopped) return
      page = await feed.read(cursor, PAGE)
    }
  } finally {
    stop()
  }
}

/** JSON has no raw line breaks, so one data line holds the whole event. */
function formatEvent(event: JobEvent): string {
  return `id: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
}
