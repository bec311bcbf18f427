// One pool of connections per process. Every session speaks UTC: Prisma's pg adapter reads and writes timestamps
// without their zone, so a server in another time zone would silently shift them.
import pg from 'pg'

export interface PoolOptions {
  readonly url: string
  /** Most connections at a time. */
  readonly max: number
  /** Shown in pg_stat_activity. */
  readonly name: string
}

/** A pool that survives lost connections: a broken one is dropped and the next query opens another. */
export function createPool({ url, max, name }: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    application_name: name,
    keepAlive: true,
    keepAliveInitialDelayMillis: 5000,
    connectionTimeoutMillis: 5000,
    idleTimeoutMillis: 30_000,
    statement_timeout: 30_000,
    // a process that is frozen in the middle of a transaction must not hold its row locks for ever
    idle_in_transaction_session_timeout: 15_000,
    onConnect: useUtc,
  })
  // a connection that nobody uses may be lost, also while the pool is being closed: that concerns nobody
  pool.on('error', () => {})
  return pool
}

// The promise matters: the pool hands the connection out only when it is done. The published type forgets it.
function useUtc(client: pg.ClientBase): Promise<unknown> {
  return client.query("SET TIME ZONE 'UTC'")
}
