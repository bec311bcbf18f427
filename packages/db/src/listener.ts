// Hears NOTIFY on one connection per process. While that connection is away it wakes everybody regularly instead, so
// that nothing is missed for long: a wake-up only ever means "look again".
import type { Logger } from '@stillhouse/kit'
import { CHANNELS } from './channels.ts'
import { openSession, type Session } from './session.ts'

export interface Listener {
  /** Calls back with the payload, or with null for "anything may have happened". Returns how to stop. */
  on(channel: keyof typeof CHANNELS, wake: (payload: string | null) => void): () => void
  /** Whether NOTIFY is heard now; otherwise callers are woken on a timer. */
  connected(): boolean
  close(): Promise<void>
}

export interface ListenerOptions {
  readonly url: string
  readonly logger: Logger
  /** Pause between wake-ups, and between tries to reconnect, while the connection is away; default 1000. */
  readonly pollMs?: number
}

export function createListener({ url, logger, pollMs = 1000 }: ListenerOptions): Listener {
  const wakers = new Set<{ channel: string; wake: (payload: string | null) => void }>()
  let session: Session | null = null
  let closed = false
  let timer: NodeJS.Timeout | undefined

  const wakeAll = (): void => {
    for (const { wake } of wakers) wake(null)
  }
  const connect = async (): Promise<void> => {
    const opened = await openSession({ url, name: 'stillhouse-listen', onLost: lost })
    opened.onNotification((channel, payload) => {
      for (const waker of wakers) if (waker.channel === channel) waker.wake(payload)
    })
    for (const channel of Object.values(CHANNELS)) await opened.query(`LISTEN ${channel}`)
    if (closed) return opened.close()
    session = opened
    wakeAll()
  }
  const lost = (error: Error): void => {
    if (closed) return
    if (session) logger.warn({ err: error }, 'lost the connection that hears of changes; looking regularly meanwhile')
    session = null
    clearTimeout(timer)
    timer = setTimeout(poll, pollMs)
  }
  const poll = (): void => {
    wakeAll()
    connecting = connect().catch(lost)
  }
  let connecting = connect().catch(lost)

  return {
    on(channel, wake) {
      const waker = { channel: CHANNELS[channel], wake }
      wakers.add(waker)
      return () => wakers.delete(waker)
    },
    connected: () => session !== null,
    async close() {
      closed = true
      clearTimeout(timer)
      wakers.clear()
      await connecting
      await session?.close()
    },
  }
}
