// Puts a backup into an empty database and an artifact store, and fences off whoever still works for the time that is lost.
// Blobs come first, so that no row ever names one that is not there.
import type { ArtifactStore } from '@stillhouse/artifacts'
import { createDatabase, loadSnapshot } from '@stillhouse/db'
import { blobsOf, listBackups, openBackup } from './backup-folder.ts'
import { copyBlobs } from './copy-blobs.ts'
import { type Fenced, fenceRestored } from './fence-restored.ts'

export interface RestoreReport extends Fenced {
  readonly name: string
  /** Of the backup, ISO 8601. */
  readonly at: string
  readonly rows: number
  /** Blobs that the store lacked. */
  readonly copied: number
  /** sha256 of blobs that neither has; jobs go on without them where they can (an older checkpoint, or none). */
  readonly missing: readonly string[]
}

export interface RestoreOptions {
  /** An empty database. */
  readonly databaseUrl: string
  /** Empty, or the store that is in use: what is there already stays. */
  readonly artifacts: ArtifactStore
  readonly folder: string
  /** Default: the newest backup in the folder. */
  readonly name?: string
}

export async function restore({ databaseUrl, artifacts, folder, name }: RestoreOptions): Promise<RestoreReport> {
  const chosen = name ?? (await listBackups(folder)).at(-1)
  if (chosen === undefined) throw new Error(`there is no whole backup in ${folder}`)
  const backup = openBackup(folder, chosen)
  const { at, migrations, tables } = await backup.manifest()
  const kept = blobsOf(folder)
  const { copied, missing } = await copyBlobs(backup.read('blobs'), kept, artifacts)
  await kept.close()
  await loadSnapshot(databaseUrl, { migrations, tables, rows: (table) => backup.read(table) })
  const rows = tables.reduce((sum, table) => sum + table.rows, 0)
  return { name: chosen, at, rows, copied, missing, ...(await fenceDatabase(databaseUrl)) }
}

/** For a database that was put back by other means: pg_restore, a snapshot of the disk, a recovery to a point in time. */
export async function fenceDatabase(databaseUrl: string): Promise<Fenced> {
  const db = createDatabase({ url: databaseUrl, connections: 1 })
  try {
    return await fenceRestored({ db })
  } finally {
    await db.close()
  }
}
