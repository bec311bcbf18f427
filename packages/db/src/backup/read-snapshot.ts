// All our tables as they were at one moment, row by row, for a backup. A row travels as PostgreSQL's own text of it, which
// the same table takes back exactly, whatever its types. The queue's schema is left out: it is not the truth.
import pg from 'pg'

export interface SnapshotTable {
  readonly name: string
  /** In their order, which the text of a row follows. */
  readonly columns: readonly string[]
}

export interface Snapshot {
  /** Migrations that the database has had, in order. */
  readonly migrations: readonly string[]
  readonly tables: readonly SnapshotTable[]
  /** Rows of a table, some hundred at a time. Read one table to its end before the next. */
  rows(table: string): AsyncIterable<readonly string[]>
  /** sha256 of every blob that some row refers to, some thousand at a time. */
  blobs(): AsyncIterable<readonly string[]>
}

const ROWS = 500
const BLOBS = 5000
const MIGRATIONS_TABLE = '_prisma_migrations'

/** Shows the database as it is now for as long as `use` takes; nobody is held up by it. */
export async function withSnapshot<T>(url: string, use: (snapshot: Snapshot) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: 'stillhouse-backup' })
  await client.connect()
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    const snapshot = await openSnapshot(client)
    const result = await use(snapshot)
    await client.query('COMMIT')
    return result
  } finally {
    await client.end()
  }
}

async function openSnapshot(client: pg.Client): Promise<Snapshot> {
  const applied = await client.query(`SELECT migration_name AS name FROM ${MIGRATIONS_TABLE}
    WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL ORDER BY migration_name`)
  const texts = (sql: string, size: number) => fetchAll(client, sql, size)
  return {
    migrations: applied.rows.map(({ name }) => name),
    tables: await listTables(client),
    rows: (table) => texts(`SELECT whole::text AS text FROM ${pg.escapeIdentifier(table)} AS whole`, ROWS),
    blobs: () => fetchBlobs(client, texts),
  }
}

/** Ours, without the record of migrations. */
export async function listTables(client: pg.Client): Promise<SnapshotTable[]> {
  const { rows } = await client.query(
    `SELECT table_name AS name, array_agg(column_name::text ORDER BY ordinal_position) AS columns
     FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
     WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name <> $1
     GROUP BY table_name ORDER BY table_name`,
    [MIGRATIONS_TABLE],
  )
  return rows
}

/** A column `sha256`, or a document `files`, names blobs; the list of blobs to be deleted needs none of them. */
async function* fetchBlobs(client: pg.Client, texts: (sql: string, size: number) => AsyncIterable<readonly string[]>) {
  const { rows } = await client.query(`SELECT table_name AS table, column_name AS column
    FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'stale_blob'
      AND (column_name = 'sha256' OR column_name = 'files' AND data_type = 'jsonb')`)
  const selects = rows.map(({ table, column }) =>
    column === 'sha256'
      ? `SELECT sha256 AS text FROM ${pg.escapeIdentifier(table)}`
      : `SELECT file->>'sha256' AS text FROM ${pg.escapeIdentifier(table)}, jsonb_array_elements(files) AS file`,
  )
  if (selects.length > 0) yield* texts(selects.join(' UNION '), BLOBS)
}

async function* fetchAll(client: pg.Client, sql: string, size: number): AsyncGenerator<string[]> {
  await client.query(`DECLARE everything NO SCROLL CURSOR FOR ${sql}`)
  for (;;) {
    const { rows } = await client.query(`FETCH ${size} FROM everything`)
    if (rows.length > 0) yield rows.map(({ text }) => text)
    if (rows.length < size) break
  }
  await client.query('CLOSE everything')
}
