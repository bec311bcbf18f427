// BullMQ on Redis. The connections are made here, so that each side gets its own temper: a producer's commands fail at
// once when Redis is away, a worker's wait for its return.
import { once } from 'node:events'
import { EnvError } from '@stillhouse/kit'
import type { QueueMessage } from '@stillhouse/spec'
import { Queue, QueueKeys, RedisConnection, RedisQueueBackend, Worker } from 'bullmq'
import { Redis, type RedisOptions } from 'ioredis'
import { assertRedisFits } from './assert-redis-fits.ts'
import { observeBackend } from './observe-backend.ts'
import type { OpenQueues, OpenWorker, QueueBackend, WorkerOptions } from './queue-backend.ts'
import { CONNECT_MS, MAX_STALLED_COUNT, queueNameOf, RETRY_MS, STREAMS } from './queue-settings.ts'
import { serverPlace } from './server-place.ts'
import { shareConnection } from './share-connection.ts'
import { within } from './within.ts'

/** Without the part whose type clashes with exact optional properties. */
type ClientOptions = Omit<RedisOptions, 'replyMapping'>

const PREFIX = 'stillhouse'

export interface RedisBackendOptions {
  /** Accept a Redis that may drop keys when its memory is full. */
  readonly allowEviction: boolean
}

export function createRedisQueueBackend(url: URL, options: RedisBackendOptions): QueueBackend {
  const place = serverPlace(url)
  return {
    place,
    prepare: () => checkServer(url, { place, ...options }),
    openQueues: () => openQueues(url),
    openWorker: (worker) => openWorker(url, worker),
  }
}

const COMMON = {
  connectTimeout: CONNECT_MS,
  keepAlive: 10_000,
  retryStrategy: (times: number) => Math.min(times * 100, RETRY_MS),
  // After a failover the old master refuses writes: leave it.
  reconnectOnError: (error: Error) => (error.message.startsWith('READONLY') ? 2 : false),
} satisfies ClientOptions

const PRODUCER = {
  ...COMMON,
  connectionName: 'stillhouse-producer',
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
} satisfies ClientOptions

/** BullMQ wants workers to wait for ever; a connection that hears nothing is still given up, and made anew. */
const consumerOptions = (waitMs: number): ClientOptions => ({
  ...COMMON,
  connectionName: 'stillhouse-consumer',
  maxRetriesPerRequest: null,
  socketTimeout: waitMs + 15_000,
})

function connect(url: URL, options: ClientOptions): Redis {
  const client = new Redis(url.href, options)
  // Errors are heard through BullMQ; a client without any listener writes them to the console.
  client.on('error', () => {})
  return client
}

function openQueues(url: URL): OpenQueues {
  const client = connect(url, PRODUCER)
  const options = { connection: client, prefix: PREFIX, streams: STREAMS }
  return shareConnection({
    open: (workerId) => new Queue<QueueMessage>(queueNameOf(workerId), options),
    ready: () => whenReady(client),
    ping: () => client.ping(),
    async destroy(closeQueues) {
      client.disconnect()
      await closeQueues()
    },
  })
}

async function whenReady(client: Redis): Promise<void> {
  if (client.status !== 'ready') await once(client, 'ready')
}

function openWorker(url: URL, { workerId, concurrency, timing, perform, heard }: WorkerOptions): OpenWorker {
  const options = consumerOptions(timing.waitMs)
  const clients = { main: connect(url, options), blocking: connect(url, options) }
  const worker = new Worker<QueueMessage>(
    queueNameOf(workerId),
    perform,
    {
      connection: clients.main,
      prefix: PREFIX,
      autorun: false,
      concurrency,
      lockDuration: timing.lockMs,
      stalledInterval: timing.stalledCheckMs,
      maxStalledCount: MAX_STALLED_COUNT,
      drainDelay: timing.waitMs / 1000,
      runRetryDelay: RETRY_MS,
    },
    (name, opts) => {
      const keys = new QueueKeys(PREFIX)
      const backend = new RedisQueueBackend(
        new RedisConnection(clients.main, { shared: true, blocking: false }),
        name,
        keys.getKeys(name),
        (type) => keys.toKey(name, type),
        opts,
        new RedisConnection(clients.blocking, { shared: true, blocking: true }),
      )
      return observeBackend(backend, { heard, waitMs: timing.waitMs })
    },
  )
  return {
    worker,
    onError: (listener) => void worker.on('error', listener),
    onLockLost: (listener) => void worker.on('lockRenewalFailed', listener),
    async destroy() {
      clients.main.disconnect()
      clients.blocking.disconnect()
    },
  }
}

async function checkServer(url: URL, options: RedisBackendOptions & { place: string }): Promise<void> {
  assertRedisFits(await readInfo(url, options.place), options)
}

async function readInfo(url: URL, place: string): Promise<string> {
  const client = connect(url, { ...PRODUCER, lazyConnect: true, retryStrategy: () => null })
  let fault: Error | undefined
  client.on('error', (error) => {
    fault = error
  })
  try {
    const info = await within(2 * CONNECT_MS, 'connecting', connectAndAsk(client))
    // A database that does not exist is only an event: the client would go on, in database 0.
    if (fault !== undefined) throw fault
    return info
  } catch (error) {
    throw explain(fault ?? error, place)
  } finally {
    client.disconnect()
  }
}

async function connectAndAsk(client: Redis): Promise<string> {
  await client.connect()
  return client.info()
}

/** Wrong credentials do not get right by waiting. */
function explain(error: unknown, place: string): unknown {
  const said = error instanceof Error ? error.message : String(error)
  if (!/^(NOAUTH|WRONGPASS|NOPERM|ERR (AUTH|invalid DB|DB index))/.test(said)) return error
  return new EnvError([`QUEUE_URL: the Redis at ${place} refuses the user, password or database of the URL: ${said}`])
}
