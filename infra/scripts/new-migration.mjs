#!/usr/bin/env node
// Writes the next numbered migration from what changed in prisma/schema.prisma:
//   node infra/scripts/new-migration.mjs add_teams
// Works on a throw-away PostgreSQL, or on the server of DATABASE_URL (whose user must be allowed to create databases).
// Read what it wrote before committing it: data that must move is yours to add. Needs a build (`npm run build`).
import { createMigration } from '../../packages/db/dist/index.js'
import { startPostgres } from '../../packages/testkit/dist/index.js'

const [name] = process.argv.slice(2)
if (name === undefined) {
  process.stderr.write('Which name? Usage: node infra/scripts/new-migration.mjs add_teams\n')
  process.exit(1)
}

const server = process.env['DATABASE_URL'] ? null : await startPostgres()
try {
  const path = await createMigration(server?.adminUrl ?? process.env['DATABASE_URL'], name)
  process.stdout.write(path === null ? 'The migrations already give the schema: nothing to do.\n' : `${path}\n`)
} catch (error) {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
} finally {
  await server?.stop()
}
