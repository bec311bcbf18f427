// The two servers that a queue can live on, seen alike by the conformance tests: killed, started, wiped, cut off.
import { redisCommand, startPostgres, startRedis, startTcpProxy, type TcpProxy } from '@stillhouse/testkit'
import pg from 'pg'

export interface QueueServer {
  /** An empty queue. Everything that connects to it has to be gone when `check` is called. */
  fresh(): Promise<TestQueue>
  stop(): Promise<void>
}

export interface TestQueue {
  readonly url: string
  /** The same queue behind a wire that can go dead. */
  behindProxy(): Promise<{ url: string; proxy: TcpProxy }>
  /** Takes the server away without warning. */
  kill(): Promise<void>
  /** Brings it back: Redis empty, PostgreSQL with its data. */
  start(): Promise<void>
  /** Deletes everything that the queue keeps, under the feet of whoever uses it. */
  wipe(): Promise<void>
  /** Lets the lock of a running message run out, as if its consumer had been stopped for too long. */
  loseLock(workerId: string, id: string): Promise<void>
  /** @throws when a connection is still open */
  check(): Promise<void>
}

export async function startRedisServer(): Promise<QueueServer> {
  const redis = await startRedis()
  return {
    stop: redis.stop,
    async fresh() {
      const proxies: TcpProxy[] = []
      const command = (...words: [string, ...string[]]): Promise<unknown> => redisCommand(redis.url, words)
      await command('FLUSHALL')
      return {
        url: redis.url,
        behindProxy: () => proxied(redis.url, proxies),
        kill: redis.kill,
        start: redis.restart,
        wipe: async () => void (await command('FLUSHALL')),
        loseLock: async (workerId, id) =>
          void (await command('SET', `stillhouse:attempts-${workerId}:${id}:lock`, 'lost', 'PX', '1')),
        async check() {
          await Promise.all(proxies.map((proxy) => proxy.close()))
          await noneLeft(async () => {
            const clients = String(await command('CLIENT', 'LIST'))
              .trim()
              .split('\n')
            return clients.filter((client) => !client.includes('cmd=client'))
          })
        },
      }
    },
  }
}

export async function startPostgresServer(): Promise<QueueServer> {
  const postgres = await startPostgres()
  return {
    stop: postgres.stop,
    async fresh() {
      const proxies: TcpProxy[] = []
      const database = await postgres.createDatabase()
      return {
        url: database.url,
        behindProxy: () => proxied(database.url, proxies),
        kill: postgres.halt,
        start: postgres.start,
        wipe: async () => void (await postgresQuery(database.url, 'DROP SCHEMA bullmq CASCADE')),
        loseLock: async (_workerId, id) =>
          void (await postgresQuery(
            database.url,
            `UPDATE bullmq.job SET lock_token = 'lost', locked_until_ms = 1 WHERE id = '${id}'`,
          )),
        async check() {
          await Promise.all(proxies.map((proxy) => proxy.close()))
          await database.drop()
        },
      }
    },
  }
}

/** Rows of one statement on a connection of its own. */
export async function postgresQuery(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

async function proxied(url: string, proxies: TcpProxy[]): Promise<{ url: string; proxy: TcpProxy }> {
  const through = new URL(url)
  const proxy = await startTcpProxy(Number(through.port))
  proxies.push(proxy)
  through.port = String(proxy.port)
  return { url: through.href, proxy }
}

async function noneLeft(list: () => Promise<string[]>): Promise<void> {
  for (let waited = 0; ; waited += 50) {
    const left = await list()
    if (left.length === 0) return
    if (waited >= 2000) throw new Error(`connections left open:\n${left.join('\n')}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
