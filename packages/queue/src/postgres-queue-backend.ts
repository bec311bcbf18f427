// BullMQ on PostgreSQL, for the embedded default and small teams. Its tables live in a schema of their own, so they never
// meet ours when both share a database.
import { EnvError } from '@stillhouse/kit'
import type { QueueMessage } from '@stillhouse/spec'
import {
  assertSchemaCompatibility,
  createPostgresBackend,
  DEFAULT_SCHEMA,
  LATEST_SCHEMA_VERSION,
  type PgPool,
  runMigrations,
  SchemaMigrationRequiredError,
  SchemaVersionMismatchError,
  UnsupportedPostgresVersionError,
  withBackend,
} from 'bullmq'
import type pg from 'pg'
import { createPostgresPool, withPostgresClient } from './create-postgres-pool.ts'
import { observeBackend } from './observe-backend.ts'
import type { OpenQueues, OpenWorker, QueueBackend, WorkerOptions } from './queue-backend.ts'
import { ANSWER_MS, CONNECT_MS, MAX_STALLED_COUNT, queueNameOf, RETRY_MS, STREAMS } from './queue-settings.ts'
import { serverPlace } from './server-place.ts'
import { shareConnection } from './share-connection.ts'

/** A pool that is handed to BullMQ can only use its default schema. */
const SCHEMA = DEFAULT_SCHEMA
const SESSION = { schema: SCHEMA, connectMs: CONNECT_MS } as const
const MIGRATE_MS = 60_000
const WORKER_QUERY_MS = 10_000
const { Queue } = withBackend(createPostgresBackend)

export function createPostgresQueueBackend(url: URL): QueueBackend {
  const place = serverPlace(url)
  return {
    place,
    prepare: () => prepare(url, place),
    openQueues: () => openQueues(url),
    openWorker: (options) => openWorker(url, options),
  }
}

function openQueues(url: URL): OpenQueues {
  const { pool, destroy } = createPostgresPool(url, {
    ...SESSION,
    name: 'stillhouse-producer',
    connections: 2,
    queryMs: ANSWER_MS,
  })
  const options = { connection: pool as PgPool, streams: STREAMS }
  const ping = () => pool.query('SELECT 1')
  return shareConnection({
    open: (workerId) => new Queue<QueueMessage>(queueNameOf(workerId), options),
    ready: ping,
    ping,
    async destroy(closeQueues) {
      await closeQueues()
      await destroy()
    },
  })
}

function openWorker(url: URL, { workerId, concurrency, timing, perform, heard }: WorkerOptions): OpenWorker {
  const { pool, destroy } = createPostgresPool(url, {
    ...SESSION,
    name: 'stillhouse-consumer',
    connections: 4,
    queryMs: WORKER_QUERY_MS,
  })
  const { Worker } = withBackend((...args: Parameters<typeof createPostgresBackend>) =>
    observeBackend(createPostgresBackend(...args), { heard, waitMs: timing.waitMs }),
  )
  const worker = new Worker<QueueMessage>(queueNameOf(workerId), perform, {
    connection: pool as PgPool,
    autorun: false,
    concurrency,
    lockDuration: timing.lockMs,
    stalledInterval: timing.stalledCheckMs,
    maxStalledCount: MAX_STALLED_COUNT,
    drainDelay: timing.waitMs / 1000,
    runRetryDelay: RETRY_MS,
  })
  return {
    worker,
    onError: (listener) => void worker.on('error', listener),
    onLockLost: (listener) => void worker.on('lockRenewalFailed', listener),
    destroy,
  }
}

/** Looks first, so that an ordinary start changes nothing; BullMQ lets only one of several starters migrate. */
async function prepare(url: URL, place: string): Promise<void> {
  try {
    await withPostgresClient(url, { ...SESSION, name: 'stillhouse-migrate', queryMs: MIGRATE_MS }, async (client) => {
      if ((await schemaVersion(client)) < LATEST_SCHEMA_VERSION) await runMigrations(client, SCHEMA)
    })
  } catch (error) {
    throw explain(error, place)
  }
}

async function schemaVersion(client: pg.Client): Promise<number> {
  try {
    return await assertSchemaCompatibility(client, SCHEMA)
  } catch (error) {
    if (error instanceof SchemaMigrationRequiredError) return 0
    throw error
  }
}

/** Authentication failed, role refused, database missing, no right to create the schema: waiting does not help. */
const OPERATOR_CODES = new Set(['28P01', '28000', '3D000', '42501'])

function explain(error: unknown, place: string): unknown {
  if (!(error instanceof Error)) return error
  const final =
    ('code' in error && OPERATOR_CODES.has(String(error.code))) ||
    error instanceof UnsupportedPostgresVersionError ||
    error instanceof SchemaVersionMismatchError
  return final ? new EnvError([`QUEUE_URL: the PostgreSQL at ${place} cannot hold the queue: ${error.message}`]) : error
}
