// A single connection outside of the pool, for what belongs to a session: LISTEN and advisory locks.
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

export interface SessionOptions {
  readonly url: string
  readonly name: string
  /** Called once when the connection is lost, not when it is closed by us. */
  readonly onLost: (error: Error) => void
}

export interface Session {
  query(sql: string, values?: unknown[]): Promise<Record<string, unknown>[]>
  onNotification(handle: (channel: string, payload: string) => void): void
  /** Closes it; `onLost` is not called any more. */
  close(): Promise<void>
}

const PING_MS = 2000
const ANSWER_MS = 4000
const GOODBYE_MS = 500

/**
 * Opens a connection that notices its own death: it asks a small question every two seconds. If instead this process
 * is the one that hangs, the server ends the session after ten silent seconds, which frees its locks.
 */
export async function openSession({ url, name, onLost }: SessionOptions): Promise<Session> {
  const client = new pg.Client({
    connectionString: url,
    application_name: name,
    keepAlive: true,
    keepAliveInitialDelayMillis: 5000,
    connectionTimeoutMillis: 5000,
    query_timeout: ANSWER_MS,
  })
  let over = false
  const lose = (error: Error): void => {
    if (over) return
    over = true
    clearInterval(pings)
    void hangUp(client)
    onLost(error)
  }
  const pings = setInterval(() => void client.query('SELECT 1').catch(lose), PING_MS)
  pings.unref()
  client.on('error', lose)
  client.on('end', () => lose(new Error('the database closed the connection')))
  try {
    await client.connect()
    await client.query("SET idle_session_timeout = '10s'")
  } catch (error) {
    over = true
    clearInterval(pings)
    await hangUp(client)
    throw error
  }
  return {
    query: async (sql, values = []) => (await client.query(sql, values)).rows,
    onNotification(handle) {
      client.on('notification', ({ channel, payload }) => handle(channel, payload ?? ''))
    },
    async close() {
      over = true
      clearInterval(pings)
      await hangUp(client)
    },
  }
}

/** Says goodbye, but does not wait for an answer from a server that may be out of reach. */
async function hangUp(client: pg.Client): Promise<void> {
  const goodbye = client.end().catch(() => undefined)
  await Promise.race([goodbye, sleep(GOODBYE_MS, undefined, { ref: false })])
  const { connection } = client as unknown as { connection: { stream: { destroy(): void } } }
  connection.stream.destroy()
}
