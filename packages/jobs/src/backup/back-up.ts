// A copy of the database and of every blob that it refers to, taken while the service works. The database comes first: a
// row is written only when its blobs are stored, so whatever the snapshot names is there to be copied after it. The other
// way round, rows would name blobs that came too late for the copy.
import type { ArtifactStore } from '@stillhouse/artifacts'
import { type Snapshot, withSnapshot } from '@stillhouse/db'
import { STILLHOUSE_VERSION } from '@stillhouse/kit'
import { type Backup, type BackupManifest, blobsOf, openBackup } from './backup-folder.ts'
import { copyBlobs } from './copy-blobs.ts'

export interface BackupReport {
  /** Of the folder that it lies in. */
  readonly name: string
  readonly rows: number
  readonly blobs: number
  /** Blobs that no earlier backup had. */
  readonly copied: number
  /** Blobs that lost their last reference while they were being copied, and were deleted: pruned checkpoints. */
  readonly letGo: number
  /** Blobs that the database still refers to and the store does not have whole: damage that was there before. */
  readonly lost: readonly string[]
}

export interface BackupOptions {
  readonly databaseUrl: string
  readonly artifacts: ArtifactStore
  /** The same for all backups. */
  readonly folder: string
  readonly now?: Date
}

export async function backUp({
  databaseUrl,
  artifacts,
  folder,
  now = new Date(),
}: BackupOptions): Promise<BackupReport> {
  const name = now.toISOString().replace(/\.\d+/, '').replaceAll(':', '-')
  const backup = openBackup(folder, name)
  const manifest = await withSnapshot(databaseUrl, (snapshot) => writeTables(backup, snapshot, now))
  const kept = blobsOf(folder)
  const { copied, missing } = await copyBlobs(backup.read('blobs'), artifacts, kept)
  await kept.close()
  const lost = missing.length > 0 ? await stillReferred(databaseUrl, missing) : []
  await backup.finish(manifest)
  const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0)
  return { name, rows, blobs: manifest.blobs, copied, letGo: missing.length - lost.length, lost }
}

async function writeTables(backup: Backup, snapshot: Snapshot, now: Date): Promise<BackupManifest> {
  const tables: BackupManifest['tables'][number][] = []
  for (const table of snapshot.tables)
    tables.push({ ...table, rows: await backup.write(table.name, snapshot.rows(table.name)) })
  const blobs = await backup.write('blobs', snapshot.blobs())
  const { migrations } = snapshot
  return { format: 1, at: now.toISOString(), version: STILLHOUSE_VERSION, migrations, tables, blobs }
}

async function stillReferred(databaseUrl: string, digests: readonly string[]): Promise<string[]> {
  return withSnapshot(databaseUrl, async (snapshot) => {
    const now = new Set<string>()
    for await (const batch of snapshot.blobs()) for (const sha256 of batch) now.add(sha256)
    return digests.filter((sha256) => now.has(sha256))
  })
}
