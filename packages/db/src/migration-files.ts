// Reads prisma/: the schema, and the numbered migrations in the form in which the schema engine wants them.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder `prisma`, seen from this file in src/ or in dist/. */
export const PRISMA_FOLDER = fileURLToPath(new URL('../../../prisma', import.meta.url))
const SCHEMA = 'schema.prisma'
const LOCKFILE = 'migration_lock.toml'
const SCRIPT = 'migration.sql'

export function readSchema(): { path: string; content: string } {
  return { path: SCHEMA, content: readFileSync(join(PRISMA_FOLDER, SCHEMA), 'utf8') }
}

/** Names of the migrations in `folder`, in the order in which they apply. */
export function migrationNames(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, SCRIPT)))
    .sort()
}

/** All migrations in `folder` (default: prisma/migrations). */
export function readMigrations(folder: string = join(PRISMA_FOLDER, 'migrations')) {
  const read = (name: string) => ({
    path: name,
    migrationFile: {
      path: SCRIPT,
      content: { tag: 'ok' as const, value: readFileSync(join(folder, name, SCRIPT), 'utf8') },
    },
  })
  return {
    baseDir: folder,
    lockfile: { path: LOCKFILE, content: 'provider = "postgresql"\n' },
    shadowDbInitScript: '',
    migrationDirectories: migrationNames(folder).map(read),
  }
}
