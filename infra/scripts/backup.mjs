#!/usr/bin/env node
// `node infra/scripts/backup.mjs <folder>`: a copy of the database and its blobs, while the service works. DATABASE_URL,
// ARTIFACT_URL and the S3 variables are those of the API. docs/operate.md says how to restore it.
import { createArtifactStore } from '@stillhouse/artifacts'
import { backUp } from '@stillhouse/jobs'
import { fail, required } from './backup/settings.mjs'

const [folder] = process.argv.slice(2)
if (folder === undefined) fail('usage: node infra/scripts/backup.mjs <folder>')
try {
  const artifacts = createArtifactStore(required('ARTIFACT_URL'), process.env)
  const { name, rows, blobs, copied, letGo, lost } = await backUp({
    databaseUrl: required('DATABASE_URL'),
    artifacts,
    folder,
  })
  await artifacts.close()
  console.log(`backup ${name}: ${rows} rows, ${blobs} blobs (${copied} copied, ${letGo} let go meanwhile)`)
  if (lost.length > 0)
    fail(`the store lacks, or holds damaged, ${lost.length} blobs that the database refers to:\n  ${lost.join('\n  ')}`)
} catch (error) {
  fail(`the backup failed: ${error instanceof Error ? error.message : error}`)
}
