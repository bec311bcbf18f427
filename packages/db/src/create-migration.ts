// Writes the next numbered migration from what changed in schema.prisma. Used by infra/scripts/new-migration.mjs.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { missingMigration } from './check-migrations.ts'
import { migrationNames, PRISMA_FOLDER } from './migration-files.ts'

/**
 * Makes `prisma/migrations/NNNN_<name>/migration.sql` and answers its path, or null when nothing changed.
 * @param databaseUrl a database of a user who may create databases; it is not changed
 */
export async function createMigration(
  databaseUrl: string,
  name: string,
  folder: string = join(PRISMA_FOLDER, 'migrations'),
): Promise<string | null> {
  if (!/^[a-z0-9]+(_[a-z0-9]+)*$/.test(name))
    throw new Error(`The name of a migration is in lower_snake_case, e.g. add_teams. Received: ${name}`)
  const script = await missingMigration(databaseUrl, folder)
  if (script === '') return null
  const number = String(migrationNames(folder).length + 1).padStart(4, '0')
  const path = join(folder, `${number}_${name}`)
  mkdirSync(path, { recursive: true })
  writeFileSync(join(path, 'migration.sql'), `${script}\n`)
  return join(path, 'migration.sql')
}
