// The queue on a real PostgreSQL: the promises of every queue, and how it shares a database with our own tables.
import { createLogger, EnvError } from '@stillhouse/kit'
import { createQueueProducer } from '@stillhouse/queue'
import { startPostgres, type TestDatabase, type TestPostgres } from '@stillhouse/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { describeQueue } from './support/queue-conformance.ts'
import { postgresQuery, startPostgresServer } from './support/queue-servers.ts'

const logger = createLogger('queue-test', 'silent')

describeQueue('PostgreSQL', startPostgresServer)

describe('PostgreSQL itself', () => {
  let postgres: TestPostgres
  let database: TestDatabase
  beforeAll(async () => {
    postgres = await startPostgres()
  })
  afterAll(() => postgres.stop())
  beforeEach(async () => {
    database = await postgres.createDatabase()
  })
  afterEach(() => database.drop())

  const tables = (): Promise<Record<string, unknown>[]> =>
    postgresQuery(
      database.url,
      `SELECT table_schema AS schema, count(*)::int AS count FROM information_schema.tables
       WHERE table_schema NOT IN ('pg_catalog', 'information_schema') GROUP BY 1`,
    )

  it('gets its tables once, in a schema of their own, however many start at the same moment', async () => {
    // the URL of our own tables, as Prisma wants it, has to do as well
    const url = `${database.url}?schema=public`
    const producers = await Promise.all(Array.from({ length: 5 }, () => createQueueProducer(url, { logger })))
    await Promise.all(producers.map((producer) => producer.ping()))
    await Promise.all(producers.map((producer) => producer.close()))
    expect(await tables()).toEqual([{ schema: 'bullmq', count: expect.any(Number) }])
    const [ledger] = await postgresQuery(
      database.url,
      'SELECT count(*)::int AS rows, count(DISTINCT applied_at)::int AS times FROM bullmq.migration',
    )
    expect(ledger?.['rows']).toBeGreaterThan(5)
    expect(ledger?.['times']).toBe(1)
  })

  it('serves a role that may use the tables but make none, once they are there', async () => {
    await (await createQueueProducer(database.url, { logger })).close()
    await postgresQuery(
      database.url,
      `CREATE ROLE guest LOGIN PASSWORD 'guest'; GRANT USAGE ON SCHEMA bullmq TO guest;
       GRANT ALL ON ALL TABLES IN SCHEMA bullmq TO guest; GRANT ALL ON ALL SEQUENCES IN SCHEMA bullmq TO guest`,
    )
    const producer = await createQueueProducer(database.url.replace('postgres:test@', 'guest:guest@'), { logger })
    expect(await producer.counts('w')).toEqual({ waiting: 0, active: 0 })
    await producer.close()
    await postgresQuery(database.url, 'DROP OWNED BY guest; DROP ROLE guest')
  })

  it.each([
    ['a wrong password', (url: string) => url.replace('postgres:test@', 'postgres:secret@'), 'password authentication'],
    ['a missing database', (url: string) => `${url}_missing`, 'does not exist'],
  ])('is refused with %s, saying so without the password', async (_title, change, said) => {
    const opening = createQueueProducer(change(database.url), { logger })
    await expect(opening).rejects.toThrow(EnvError)
    await expect(opening).rejects.toThrow(said)
    await expect(opening).rejects.not.toThrow('secret')
  })
})
