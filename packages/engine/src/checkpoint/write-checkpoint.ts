// Writes a checkpoint so that a crash at any moment leaves either the new one whole or the old one: temporary folder, fsync
// of every file, manifest last, one rename.
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { checkpointFolder, checkpointNumber } from './checkpoint-folder.ts'
import { CHECKPOINT_FORMAT, type CheckpointFile, encodeManifest, MANIFEST, sha256 } from './checkpoint-manifest.ts'
import { diskErrors } from './disk-errors.ts'
import type { SavedTensor } from './saved-tensor.ts'

export interface CheckpointContent {
  readonly number: number
  readonly fingerprint: string
  /** Plain JSON. */
  readonly state: unknown
  /** Tensors by file and name. What does not change from one checkpoint to the next belongs in a file of its own. */
  readonly groups: ReadonlyMap<string, ReadonlyMap<string, SavedTensor>>
}

/**
 * Writes `root/checkpoint-<number>` and removes all but this one and the one before: older ones, those that were refused
 * when the job went on from one before them, and what was never finished.
 * @returns the folder
 * @throws TrainingError `resource.disk_full`
 */
export async function writeCheckpoint(root: string, content: CheckpointContent): Promise<string> {
  return await diskErrors(root, async () => {
    const dir = join(root, checkpointFolder(content.number))
    const temporary = `${dir}.tmp`
    await rm(temporary, { recursive: true, force: true })
    await mkdir(temporary, { recursive: true })
    await writeContent(temporary, content)
    await rm(dir, { recursive: true, force: true })
    await rename(temporary, dir)
    await syncFolder(root)
    await removeOthers(root, content.number)
    return dir
  })
}

async function writeContent(dir: string, { number, fingerprint, state, groups }: CheckpointContent): Promise<void> {
  const files: Record<string, CheckpointFile> = {}
  for (const [group, tensors] of groups) {
    const bytes = Buffer.concat([...tensors.values()].map(({ values }) => bytesOf(values)))
    const stored = [...tensors].map(([name, { dtype, shape }]) => ({ name, dtype, shape }))
    files[`${group}.bin`] = { size: bytes.length, sha256: sha256(bytes), tensors: stored }
    await writeSynced(join(dir, `${group}.bin`), bytes)
  }
  const manifest = encodeManifest({ format: CHECKPOINT_FORMAT, number, fingerprint, state, files })
  await writeSynced(join(dir, MANIFEST), Buffer.from(manifest))
  await syncFolder(dir)
}

function bytesOf(values: Float32Array | Int32Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength)
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'w')
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function syncFolder(dir: string): Promise<void> {
  const folder = await open(dir, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

async function removeOthers(root: string, number: number): Promise<void> {
  const kept = [number, number - 1].map(checkpointFolder)
  for (const name of await readdir(root)) {
    const ours = checkpointNumber(name.replace(/\.tmp$/, '')) !== null
    if (ours && !kept.includes(name)) await rm(join(root, name), { recursive: true, force: true })
  }
}
