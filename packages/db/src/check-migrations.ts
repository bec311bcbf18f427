// Whether the migrations, applied one after another to an empty database, give exactly the tables of schema.prisma.
import { randomUUID } from 'node:crypto'
import { PrismaPg } from '@prisma/adapter-pg'
import type { SqlDriverAdapter } from '@prisma/driver-adapter-utils'
import { readMigrations, readSchema } from './migration-files.ts'
import { createMigrationPool } from './migration-pool.ts'
import { ALL_TABLES, createSchemaEngine } from './schema-engine.ts'

/**
 * The SQL that would still be needed after all migrations; empty when they and the schema agree.
 * Applies the migrations to a shadow database on the same server, which it makes and deletes.
 * @param databaseUrl a database of a user who may create databases
 */
export async function missingMigration(databaseUrl: string, folder?: string): Promise<string> {
  const { pool, connect } = createMigrationPool(databaseUrl)
  try {
    const engine = await createSchemaEngine({
      ...new PrismaPg(pool),
      connect,
      connectToShadowDb: () => openShadow(databaseUrl),
    })
    const { stdout } = await engine.diff({
      from: { tag: 'migrations', ...readMigrations(folder) },
      to: { tag: 'schemaDatamodel', files: [readSchema()] },
      script: true,
      exitCode: null,
      filters: ALL_TABLES,
    })
    const script = stdout ?? ''
    return script.includes('This is an empty migration') ? '' : script.trim()
  } finally {
    await pool.end()
  }
}

/** The adapter's own shadow database is dropped before its connections are closed, which fails. Ours is not. */
async function openShadow(databaseUrl: string): Promise<SqlDriverAdapter> {
  const name = `stillhouse_shadow_${randomUUID().replaceAll('-', '')}`
  const { pool: admin } = createMigrationPool(databaseUrl)
  await admin.query(`CREATE DATABASE ${name}`)
  const url = new URL(databaseUrl)
  url.pathname = `/${name}`
  const { pool, connect } = createMigrationPool(url.href)
  const adapter = await connect()
  adapter.dispose = async () => {
    await pool.end()
    await admin.query(`DROP DATABASE ${name}`)
    await admin.end()
  }
  return adapter
}
