// Makes sure that cached files still are what was fetched, before another attempt reads them: a file that somebody has
// changed or removed is fetched again, and one that was put there goes.
import { randomUUID } from 'node:crypto'
import { lstat, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { hashFile } from '../hash-file.ts'
import { type CacheEntry, filesOf } from './cache-folder.ts'
import { fetchFile } from './fetch-files.ts'
import type { RemoteData, RemoteFile } from './remote-data.ts'

/** What the file system said about a file when its bytes were last checked, by path. */
export type Checked = Map<string, string>

export interface Mending {
  readonly data: RemoteData
  readonly entry: CacheEntry
  /** Those checked since this process began; unchanged ones are not read again. */
  readonly checked: Checked
  readonly signal: AbortSignal
}

/** @returns how many files had to be fetched again */
export async function mendFiles(folder: string, { data, entry, checked, signal }: Mending): Promise<number> {
  await removeStrangers(filesOf(folder), new Set(data.files.map(({ path }) => path)))
  let mended = 0
  for (const file of data.files) {
    signal.throwIfAborted()
    const sha256 = file.sha256 ?? entry.files[file.path] ?? ''
    if (await isSound(folder, { ...file, sha256 }, checked)) continue
    await replace(folder, file, signal)
    await markChecked(folder, file.path, checked)
    mended += 1
  }
  return mended
}

export async function markChecked(folder: string, path: string, checked: Checked): Promise<void> {
  checked.set(path, (await traitsOf(join(filesOf(folder), path)))?.text ?? '')
}

type Known = Pick<RemoteFile, 'path' | 'size'> & { readonly sha256: string }

async function isSound(folder: string, { path, size, sha256 }: Known, checked: Checked): Promise<boolean> {
  const target = join(filesOf(folder), path)
  const traits = await traitsOf(target)
  if (traits === null || traits.size !== size) return false
  if (checked.get(path) === traits.text) return true
  if ((await hashFile(target)).sha256 !== sha256) return false
  checked.set(path, traits.text)
  return true
}

/** Whatever is written to a file, the time of its last change (ctime) tells; no program can set it. */
async function traitsOf(path: string): Promise<{ size: number; text: string } | null> {
  const found = await lstat(path, { bigint: true }).catch(() => null)
  if (found === null || !found.isFile()) return null
  const { ino, size, mtimeNs, ctimeNs } = found
  return { size: Number(size), text: `${ino} ${size} ${mtimeNs} ${ctimeNs}` }
}

/** Fetched beside the data, so that nobody who lists it sees a file come and go. */
async function replace(folder: string, file: RemoteFile, signal: AbortSignal): Promise<void> {
  const beside = join(folder, `mending-${randomUUID()}`)
  const target = join(filesOf(folder), file.path)
  try {
    await fetchFile(file, beside, signal)
    await mkdir(dirname(target), { recursive: true })
    await rename(beside, target)
  } finally {
    await rm(beside, { force: true })
  }
}

async function removeStrangers(root: string, known: ReadonlySet<string>): Promise<void> {
  const found = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => [])
  for (const one of found) {
    const path = join(one.parentPath, one.name)
    if (!one.isDirectory() && !known.has(relative(root, path))) await rm(path, { force: true })
  }
}
