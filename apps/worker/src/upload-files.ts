// Sends a folder to the artifact store by content: what is already there under its digest is not sent again.
import { readdir } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import type { StoredFile } from '@stillhouse/spec'
import type { AttemptApi } from './attempt-api.ts'
import { contentType } from './content-type.ts'
import { hashFile } from './hash-file.ts'

export interface Upload {
  readonly api: Pick<AttemptApi, 'hasBlob' | 'putBlob'>
  readonly dir: string
  /** Put before each path; empty for none. */
  readonly prefix?: string
}

/** Stores every file below `dir`; returns them in the order of their paths. */
export async function uploadFiles({ api, dir, prefix = '' }: Upload): Promise<StoredFile[]> {
  const stored: StoredFile[] = []
  for (const file of await listFiles(dir)) {
    const { sha256, size } = await hashFile(file)
    if (!(await api.hasBlob(sha256))) await api.putBlob(sha256, file)
    const path = relative(dir, file).split(sep).join('/')
    stored.push({ path: prefix ? `${prefix}/${path}` : path, sha256, size, contentType: contentType(path) })
  }
  return stored
}

async function listFiles(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true, recursive: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}
