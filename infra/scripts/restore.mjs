#!/usr/bin/env node
// `node infra/scripts/restore.mjs <folder> [name]`: puts a backup (the newest) into an empty database and an artifact
// store. `node infra/scripts/restore.mjs --fence`: for a database that was restored by other means, e.g. pg_restore. No API
// may run meanwhile; docs/operate.md has the steps.
import { createArtifactStore } from '@stillhouse/artifacts'
import { fenceDatabase, restore } from '@stillhouse/jobs'
import { fail, required } from './backup/settings.mjs'

const [folder, name] = process.argv.slice(2)
if (folder === undefined) fail('usage: node infra/scripts/restore.mjs <folder> [name] | --fence')
try {
  const databaseUrl = required('DATABASE_URL')
  if (folder === '--fence') tellFenced(await fenceDatabase(databaseUrl))
  else await restoreFrom(folder, databaseUrl)
  // Prisma's schema engine leaves timers behind that would keep this process for ten seconds
  process.exit(0)
} catch (error) {
  fail(`the restore failed: ${error instanceof Error ? error.message : error}`)
}

/** @param {string} folder @param {string} databaseUrl */
async function restoreFrom(folder, databaseUrl) {
  const artifacts = createArtifactStore(required('ARTIFACT_URL'), process.env)
  const report = await restore({ databaseUrl, artifacts, folder, ...(name !== undefined && { name }) })
  await artifacts.close()
  console.log(`restored ${report.name}, taken at ${report.at}: ${report.rows} rows, ${report.copied} blobs copied`)
  if (report.missing.length > 0) console.log(`without ${report.missing.length} blobs that the backup does not have`)
  tellFenced(report)
}

/** @param {{requeued: number, raised: number}} fenced */
function tellFenced({ requeued, raised }) {
  console.log(`fenced: ${requeued} jobs that workers held wait again; ${raised} jobs go on with new attempt numbers`)
}
