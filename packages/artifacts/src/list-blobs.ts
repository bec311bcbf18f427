// Goes through the two levels of folders of a file store in the order of the digests, a page at a time.
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { StoredBlob } from './artifact-store.ts'

const FOLDER = /^[0-9a-f]{2}$/
const DIGEST = /^[0-9a-f]{64}$/

/** At most `limit` blobs below `root` whose digest is greater than `after`; those that vanish meanwhile are left out. */
export async function listBlobs(root: string, after: string, limit: number): Promise<StoredBlob[]> {
  const found: StoredBlob[] = []
  for (const first of await foldersFrom(root, after.slice(0, 2))) {
    const from = first === after.slice(0, 2) ? after.slice(2, 4) : ''
    for (const second of await foldersFrom(join(root, first), from)) {
      for (const sha256 of await digestsAfter(join(root, first, second), after)) {
        const blob = await blobAt(join(root, first, second, sha256), sha256)
        if (blob !== undefined) found.push(blob)
        if (found.length === limit) return found
      }
    }
  }
  return found
}

async function foldersFrom(path: string, from: string): Promise<string[]> {
  return (await names(path)).filter((name) => FOLDER.test(name) && name >= from)
}

async function digestsAfter(path: string, after: string): Promise<string[]> {
  return (await names(path)).filter((name) => DIGEST.test(name) && name > after)
}

async function names(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).sort()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}

async function blobAt(path: string, sha256: string): Promise<StoredBlob | undefined> {
  const found = await stat(path).catch(() => undefined)
  return found?.isFile() ? { sha256, size: found.size, storedAt: found.mtime } : undefined
}
