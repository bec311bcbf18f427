// Connections to PostgreSQL that give up in time and can be cut for good, also when the server no longer answers.
import pg from 'pg'
import { within } from './within.ts'

/** How long the server may take to say goodbye before a connection is cut. */
const END_MS = 1000

export interface PoolOptions {
  /** Shown in pg_stat_activity. */
  readonly name: string
  /** First in the search path. */
  readonly schema: string
  readonly connections: number
  readonly connectMs: number
  readonly queryMs: number
}

export interface PostgresPool {
  readonly pool: pg.Pool
  /** Ends all connections, those that hang by force. Never rejects. */
  destroy(): Promise<void>
}

/** A pool that has not connected yet. */
export function createPostgresPool(url: URL, options: PoolOptions): PostgresPool {
  const pool = new pg.Pool({ ...clientConfig(url, options), max: options.connections })
  const clients = new Set<pg.PoolClient>()
  pool.on('connect', (client) => clients.add(client))
  pool.on('remove', (client) => clients.delete(client))
  // An idle connection that breaks must not end the process.
  pool.on('error', () => {})
  return {
    pool,
    async destroy() {
      await within(END_MS, 'closing', pool.end()).catch(() => {})
      for (const client of clients) cut(client)
    },
  }
}

/** One connection, for work that needs a session of its own. */
export async function withPostgresClient<T>(
  url: URL,
  options: Omit<PoolOptions, 'connections'>,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client(clientConfig(url, options))
  client.on('error', () => {})
  try {
    await client.connect()
    return await work(client)
  } finally {
    await within(END_MS, 'closing', client.end()).catch(() => cut(client))
  }
}

function clientConfig(
  url: URL,
  { name, schema, connectMs, queryMs }: Omit<PoolOptions, 'connections'>,
): pg.ClientConfig {
  const plain = new URL(url)
  const own = plain.searchParams.get('options') ?? ''
  // Parts of the URL would win over the settings below; `schema` is Prisma's word, and means our own tables.
  for (const name of ['options', 'schema']) plain.searchParams.delete(name)
  return {
    connectionString: plain.href,
    application_name: name,
    options: `${own} -c search_path="${schema}"`.trim(),
    connectionTimeoutMillis: connectMs,
    query_timeout: queryMs,
    statement_timeout: queryMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  }
}

function cut(client: pg.ClientBase): void {
  const { connection } = client as pg.ClientBase & { connection?: { stream?: { destroy?: () => void } } }
  connection?.stream?.destroy?.()
}
