// Brings a database to the newest schema. Any number of processes may do so at once, at any time: all of it happens in
// one transaction under an advisory lock, so a process that dies half-way leaves nothing behind.
import { PrismaPg } from '@prisma/adapter-pg'
import type pg from 'pg'
import { LOCKS } from './locks.ts'
import { readMigrations } from './migration-files.ts'
import { createMigrationPool } from './migration-pool.ts'
import { retryTransient } from './retry-transient.ts'
import { ALL_TABLES, createSchemaEngine } from './schema-engine.ts'

export interface MigrateOptions {
  /** Folder with the migrations; default prisma/migrations. */
  readonly folder?: string
  /** How long to wait for a database that does not answer yet, milliseconds; default 30,000. */
  readonly waitMs?: number
}

/**
 * Applies the migrations that the database lacks and answers their names (none: it was up to date).
 * @throws Error of the schema engine when a migration fails or an applied one was edited or is missing
 */
export async function migrate(databaseUrl: string, options: MigrateOptions = {}): Promise<string[]> {
  return retryTransient(() => migrateOnce(databaseUrl, options.folder), options.waitMs ?? 30_000)
}

async function migrateOnce(url: string, folder?: string): Promise<string[]> {
  const { pool, firstError } = createMigrationPool(url)
  try {
    await pool.query('BEGIN')
    await pool.query('SET LOCAL statement_timeout = 0') // a migration may take long, and so may waiting for another's
    await pool.query(`SELECT pg_advisory_xact_lock(${LOCKS.migrate})`)
    const applied = await applyMigrations(pool, folder)
    await pool.query('COMMIT')
    return applied
  } catch (error) {
    throw firstError() ?? error
  } finally {
    await pool.end() // rolls back what is not committed
  }
}

async function applyMigrations(pool: pg.Pool, folder?: string): Promise<string[]> {
  const engine = await createSchemaEngine(new PrismaPg(pool))
  const migrationsList = readMigrations(folder)
  const { appliedMigrationNames } = await engine.applyMigrations({ migrationsList, filters: ALL_TABLES })
  return appliedMigrationNames
}
