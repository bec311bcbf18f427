// A real Redis for tests: a server process of our own on a free port, which tests may kill, restart and wipe.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { freePort } from './free-port.ts'

export interface TestRedis {
  readonly url: string
  readonly port: number
  /** Ends the server as a crash would (SIGKILL). Nothing is saved. */
  kill(): Promise<void>
  /** A new, empty server on the same port; the old one is killed if it still runs. */
  restart(): Promise<void>
  /** Freezes the server: it keeps its connections and answers nothing until `thaw`. */
  freeze(): void
  thaw(): void
  /** Ends the server and deletes its files. */
  stop(): Promise<void>
}

const START_TRIES = 3
const START_MS = 10_000
const CHECKOUT = fileURLToPath(new URL('../../../', import.meta.url))

/** Starts a Redis that keeps nothing on disk, on a free loopback port. `settings` are its command-line options. */
export async function startRedis(settings: readonly string[] = []): Promise<TestRedis> {
  const program = findRedisServer()
  const folder = await mkdtemp(join(tmpdir(), 'stillhouse-redis-'))
  const start = (port: number): Promise<ChildProcess> => startServer(program, { port, folder, settings })
  let { server, port } = await startOnFreePort(start)
  const killServer = (): void => void server.kill('SIGKILL')
  process.on('exit', killServer)
  const kill = async (): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return
    const gone = once(server, 'exit')
    killServer()
    await gone
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    kill,
    async restart() {
      await kill()
      server = await start(port)
    },
    freeze: () => void server.kill('SIGSTOP'),
    thaw: () => void server.kill('SIGCONT'),
    async stop() {
      await kill()
      process.off('exit', killServer)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Runs one command on a connection of its own. */
export async function redisCommand(url: string, [name, ...args]: readonly [string, ...string[]]): Promise<unknown> {
  const client = new Redis(url)
  try {
    return await client.call(name, ...args)
  } finally {
    client.disconnect()
  }
}

/** What the set-up found or installed, else `redis-server` on the PATH. */
function findRedisServer(): string {
  const tools = join(CHECKOUT, '.stillhouse', 'tools.json')
  const fromSetup = existsSync(tools) ? JSON.parse(readFileSync(tools, 'utf8')).redisServer : undefined
  const onPath = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'redis-server'))
  const found = [fromSetup, ...onPath].find((path) => typeof path === 'string' && isExecutable(path))
  if (found === undefined)
    throw new Error('No redis-server for the tests: run `node infra/scripts/setup.mjs --test`, or put one on the PATH.')
  return found
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

async function startOnFreePort(
  start: (port: number) => Promise<ChildProcess>,
): Promise<{ server: ChildProcess; port: number }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort()
    try {
      return { server: await start(port), port }
    } catch (error) {
      if (attempt === START_TRIES) throw error
    }
  }
}

interface ServerOptions {
  readonly port: number
  readonly folder: string
  readonly settings: readonly string[]
}

async function startServer(program: string, { port, folder, settings }: ServerOptions): Promise<ChildProcess> {
  const own = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no']
  const server = spawn(program, [...own, ...settings], { stdio: ['ignore', 'pipe', 'pipe'] })
  const log: string[] = []
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('it did not get ready in time')), START_MS)
      const read = (chunk: Buffer): void => {
        log.push(chunk.toString())
        if (!log.join('').includes('Ready to accept connections')) return
        clearTimeout(timer)
        resolve()
      }
      server.stdout.on('data', read)
      server.stderr.on('data', read)
      server.once('error', reject)
      server.once('exit', (code) => reject(new Error(`it ended with code ${code}`)))
    })
    return server
  } catch (error) {
    server.kill('SIGKILL')
    throw new Error(`Redis for tests does not start:\n${log.join('').slice(-2000)}`, { cause: error })
  }
}
