// How much a trainer has written. What is gone by the time it is looked at counts nothing.
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** Bytes on the disk of all files below a folder; sparse files count with what they hold. */
export async function folderSize(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => [])
  let bytes = 0
  for (const entry of entries) {
    const found = entry.isFile() ? await lstat(join(entry.parentPath, entry.name)).catch(() => null) : null
    bytes += (found?.blocks ?? 0) * 512
  }
  return bytes
}
