// The migrations against a real PostgreSQL: complete, repeatable, safe for several starters at once.
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMigration, migrate, missingMigration } from '@stillhouse/db'
import { DEFAULT_TEAM } from '@stillhouse/spec'
import { startPostgres, type TestDatabase, type TestPostgres } from '@stillhouse/testkit'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'

const ALL = [
  '0001_init',
  '0002_add_datasets',
  '0003_add_teams',
  '0004_add_worker_needs',
  '0005_schedule',
  '0006_webhooks',
]
let postgres: TestPostgres
let database: TestDatabase
let folder: string

beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres.stop())
beforeEach(async () => {
  database = await postgres.createDatabase()
  folder = await mkdtemp(join(tmpdir(), 'stillhouse-migrations-'))
  await cp('prisma/migrations', folder, { recursive: true })
})
afterEach(async () => {
  await rm(folder, { recursive: true })
  await database.drop()
})

async function query(sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(database.url)
  await client.connect()
  return client.query(sql).then(
    ({ rows }) => client.end().then(() => rows),
    (error: unknown) =>
      client.end().then(() => {
        throw error
      }),
  )
}

async function addMigration(name: string, sql: string): Promise<void> {
  await mkdir(join(folder, name))
  await writeFile(join(folder, name, 'migration.sql'), sql)
}

test('all migrations together give exactly the tables of schema.prisma', async () => {
  expect(await missingMigration(database.url)).toBe('')
})

test('the comparison of migrations and schema sees a column that only the migrations have', async () => {
  await addMigration('9999_extra', 'ALTER TABLE "job" ADD COLUMN "extra" TEXT;')
  expect(await missingMigration(database.url, folder)).toContain('DROP COLUMN "extra"')
})

test('migrating an up-to-date database applies nothing', async () => {
  expect(await migrate(database.url)).toEqual(ALL)
  expect(await migrate(database.url)).toEqual([])
})

test("a database that already holds the queue's own schema can be migrated", async () => {
  await query('CREATE SCHEMA bullmq')
  await query('CREATE TABLE bullmq.job (id text)')
  expect(await migrate(database.url)).toEqual(ALL)
})

test('a replica of the version before, that starts again during an upgrade, leaves the newer schema as it is', async () => {
  await addMigration('9999_newer', 'ALTER TABLE "job" ADD COLUMN "newer" TEXT;')
  expect(await migrate(database.url, { folder })).toEqual([...ALL, '9999_newer'])
  expect(await migrate(database.url)).toEqual([])
  expect(await query("SELECT 1 FROM information_schema.columns WHERE column_name = 'newer'")).toHaveLength(1)
})

test('four processes may migrate at once and one of them does it', async () => {
  const applied = await Promise.all([1, 2, 3, 4].map(() => migrate(database.url)))
  expect(applied.flat()).toEqual(ALL)
})

test('a migration that fails leaves nothing behind and can be tried again once it is mended', async () => {
  await addMigration('9999_broken', 'CREATE TABLE "half" ("id" TEXT);\nCREATE TABLE "half" ("id" TEXT);')
  await expect(migrate(database.url, { folder })).rejects.toThrow('half')
  expect(await query("SELECT 1 FROM information_schema.tables WHERE table_schema = 'public'")).toEqual([])
  await writeFile(join(folder, '9999_broken', 'migration.sql'), 'CREATE TABLE "half" ("id" TEXT);')
  expect(await migrate(database.url, { folder })).toEqual([...ALL, '9999_broken'])
})

test('a new migration holds what changed in the schema and gets the next number', async () => {
  await addMigration('0007_without_worker_state', 'DROP INDEX "worker_state_idx";')
  const path = await createMigration(database.url, 'put_it_back', folder)
  expect(path).toBe(join(folder, '0008_put_it_back', 'migration.sql'))
  expect(await readFile(path as string, 'utf8')).toContain('CREATE INDEX "worker_state_idx"')
  expect(await createMigration(database.url, 'nothing_left', folder)).toBeNull()
})

test('a name of a migration that is no name is refused', async () => {
  await expect(createMigration(database.url, '../evil', folder)).rejects.toThrow('Received: ../evil')
})

/** The database as it was before the migration with this number. */
async function withoutFrom(number: string): Promise<void> {
  for (const name of ALL) if (name >= number) await rm(join(folder, name), { recursive: true })
  await migrate(database.url, { folder })
}

test('a database of the version with one queue for all hands its jobs out anew, each by what it asks for', async () => {
  await withoutFrom('0004')
  const job = (name: string, state: string, gpus: number) =>
    query(`INSERT INTO job (id, team_id, name, state, attempt, spec, spec_hash, body_hash, priority)
      VALUES (gen_random_uuid(), '${DEFAULT_TEAM.id}', '${name}', '${state}', 1,
        '{"a":1,"resources":{"gpus":${gpus},"attempts":3}}', '', '', 50)`)
  await job('on its way', 'dispatched', 1)
  await job('waits', 'queued', 0)
  await job('runs', 'running', 1)
  await query('INSERT INTO job_attempt (job_id, attempt) SELECT id, attempt FROM job')
  await query("INSERT INTO outbox (topic, job_id, attempt) SELECT 'queue.add', id, attempt FROM job")
  expect(await migrate(database.url)).toEqual(ALL.slice(3))
  expect(
    await query('SELECT name, state::text, needs, ending FROM job JOIN job_attempt ON job_id = id ORDER BY name'),
  ).toEqual([
    { name: 'on its way', state: 'queued', needs: '{"gpus":1}', ending: 'unclaimed' },
    { name: 'runs', state: 'running', needs: '{"gpus":1}', ending: null },
    { name: 'waits', state: 'queued', needs: '', ending: 'unclaimed' },
  ])
  expect(await query('SELECT count(*)::int FROM outbox')).toEqual([{ count: 0 }])
})

test('a database of the version before teams keeps its jobs, data sets, models and keys, all of the team default', async () => {
  await withoutFrom('0003')
  await query(`INSERT INTO job (id, name, spec, spec_hash, body_hash, idempotency_key, priority)
    SELECT gen_random_uuid(), 'old', '{}', '', '', 'key ' || n, 50 FROM generate_series(1, 3) AS n`)
  await query("INSERT INTO dataset (id, size, file_count, files) VALUES ('d', 1, 1, '[]')")
  await query("INSERT INTO uploaded_model (id, format, params, size, files) VALUES ('m', 'onnx', 1, 1, '[]')")
  await query("INSERT INTO api_key (id, name, prefix, secret_hash) VALUES (gen_random_uuid(), 'bootstrap', '', '')")
  expect(await migrate(database.url)).toEqual(ALL.slice(2))
  const [team] = await query("SELECT id FROM team WHERE name = 'default'")
  expect(team).toEqual({ id: DEFAULT_TEAM.id })
  const whose = `count(*)::int, min(team_id::text) = '${DEFAULT_TEAM.id}' AND min(team_id::text) = max(team_id::text) AS ours`
  for (const [table, count] of Object.entries({ job: 3, team_dataset: 1, team_model: 1 }))
    expect([table, ...(await query(`SELECT ${whose} FROM ${table}`))]).toEqual([table, { count, ours: true }])
  expect(await query('SELECT name, set_by, team_id FROM api_key')).toEqual([
    { name: 'bootstrap', set_by: 'bootstrap', team_id: null },
  ])
  const nobodys =
    "INSERT INTO job (id, name, spec, spec_hash, body_hash, priority) VALUES (gen_random_uuid(), 'x', '{}', '', '', 1)"
  await expect(query(nobodys)).rejects.toThrow('team_id')
})
