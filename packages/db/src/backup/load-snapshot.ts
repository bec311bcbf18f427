// Puts the rows of a snapshot into an empty database: first the schema that they were made in, then the rows, then whatever
// migrations have come since. The rows come in one transaction: all of them are there, or none.
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { migrate } from '../migrate.ts'
import { migrationNames, PRISMA_FOLDER } from '../migration-files.ts'
import { listTables, type SnapshotTable } from './read-snapshot.ts'

export interface SnapshotSource {
  readonly migrations: readonly string[]
  readonly tables: readonly SnapshotTable[]
  rows(table: string): AsyncIterable<readonly string[]>
}

/** @throws Error when the database is not empty, or when the snapshot is of a newer version than this */
export async function loadSnapshot(url: string, source: SnapshotSource): Promise<void> {
  await assertEmpty(url)
  await migrateAsFar(url, source.migrations)
  await inTransaction(url, (client) => load(client, source))
  await migrate(url)
}

async function assertEmpty(url: string): Promise<void> {
  const tables = await inTransaction(url, listTables)
  if (tables.length === 0) return
  throw new Error(
    `the database holds tables already (${tables.length}, the first is ${tables[0]?.name}): restore into an empty one, ` +
      'and start the API only afterwards',
  )
}

async function migrateAsFar(url: string, wanted: readonly string[]): Promise<void> {
  const all = join(PRISMA_FOLDER, 'migrations')
  const unknown = wanted.filter((name) => !migrationNames(all).includes(name))
  if (unknown.length > 0)
    throw new Error(
      `the backup is of a newer version: migration ${unknown[0]} is unknown here. Restore with that version`,
    )
  const folder = await mkdtemp(join(tmpdir(), 'stillhouse-restore-'))
  try {
    for (const name of wanted) await cp(join(all, name), join(folder, name), { recursive: true })
    await migrate(url, { folder })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function load(client: pg.Client, source: SnapshotSource): Promise<void> {
  const restoreKeys = await dropForeignKeys(client)
  const here = await listTables(client)
  for (const table of source.tables) assertSame(table, here)
  // migrations write rows of their own
  await client.query(`TRUNCATE ${here.map(({ name }) => pg.escapeIdentifier(name)).join(', ')}`)
  for (const { name } of source.tables) for await (const rows of source.rows(name)) await insert(client, name, rows)
  await restoreKeys()
  await setSequences(client)
}

function assertSame({ name, columns }: SnapshotTable, here: readonly SnapshotTable[]): void {
  const ours = here.find((table) => table.name === name)?.columns
  if (JSON.stringify(ours) !== JSON.stringify(columns))
    throw new Error(`table ${name} of the backup has the columns ${columns}; here it has ${ours ?? 'none'}`)
}

async function insert(client: pg.Client, table: string, rows: readonly string[]): Promise<void> {
  const name = pg.escapeIdentifier(table)
  // OFFSET 0 keeps the planner from reading each text once per column
  await client.query(
    `INSERT INTO ${name} SELECT (whole).* FROM (
       SELECT line::${name} AS whole FROM unnest($1::text[]) AS line OFFSET 0
     ) AS parsed`,
    [rows],
  )
}

/** Rows may then come in any order; answers what puts the keys back and checks them. */
async function dropForeignKeys(client: pg.Client): Promise<() => Promise<void>> {
  const { rows } = await client.query(`SELECT conrelid::regclass::text AS table, quote_ident(conname) AS name,
      pg_get_constraintdef(pg_constraint.oid) AS definition
    FROM pg_constraint JOIN pg_namespace ON pg_namespace.oid = connamespace
    WHERE contype = 'f' AND nspname = 'public'`)
  for (const { table, name } of rows) await client.query(`ALTER TABLE ${table} DROP CONSTRAINT ${name}`)
  return async () => {
    for (const { table, name, definition } of rows)
      await client.query(`ALTER TABLE ${table} ADD CONSTRAINT ${name} ${definition}`)
  }
}

async function setSequences(client: pg.Client): Promise<void> {
  const { rows } = await client.query(`SELECT quote_ident(table_name) AS table, quote_ident(column_name) AS column,
      pg_get_serial_sequence(quote_ident(table_name), column_name) AS sequence
    FROM information_schema.columns WHERE table_schema = 'public'
      AND pg_get_serial_sequence(quote_ident(table_name), column_name) IS NOT NULL`)
  for (const { table, column, sequence } of rows)
    await client.query(`SELECT setval($1, coalesce((SELECT max(${column}) FROM ${table}), 0) + 1, false)`, [sequence])
}

async function inTransaction<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: 'stillhouse-restore' })
  await client.connect()
  try {
    await client.query('BEGIN')
    const result = await work(client)
    await client.query('COMMIT')
    return result
  } finally {
    await client.end()
  }
}
