// One data set in the cache, on disk:
//   <key>/entry.json   what is in it; the time of its last use is the file's own
//   <key>/files/       the files
//   <key>/uses/        one note per attempt that works with them
// A data set on its way here has the same form under a name that starts with `incoming-`, and gets its own by a rename.
import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { mayBeAlive, type Owner, thisProcess } from './owner.ts'

export interface CacheEntry {
  readonly bytes: number
  /** Who brings it here. */
  readonly owner: Owner
  /** sha256 by path; empty until everything is there. */
  readonly files: Readonly<Record<string, string>>
}

export const filesOf = (folder: string): string => join(folder, 'files')

export async function writeEntry(folder: string, entry: CacheEntry): Promise<void> {
  await mkdir(filesOf(folder), { recursive: true })
  await mkdir(join(folder, 'uses'), { recursive: true })
  // in one go: another worker that reads half of it would take the folder for rubbish
  const draft = join(folder, `entry-${randomUUID()}`)
  await writeFile(draft, JSON.stringify(entry))
  await rename(draft, join(folder, 'entry.json'))
}

/** Null when there is none that can be read. */
export async function readEntry(folder: string): Promise<CacheEntry | null> {
  try {
    return JSON.parse(await readFile(join(folder, 'entry.json'), 'utf8')) as CacheEntry
  } catch {
    return null
  }
}

/** Milliseconds since the epoch; 0 when nobody knows. */
export async function lastUsed(folder: string): Promise<number> {
  return (await stat(join(folder, 'entry.json')).catch(() => null))?.mtimeMs ?? 0
}

export async function touch(folder: string): Promise<void> {
  const now = new Date()
  await utimes(join(folder, 'entry.json'), now, now).catch(() => {})
}

/**
 * Notes that this process works with the data set.
 * @returns takes the note away again; null when the folder has gone
 */
export async function noteUse(folder: string): Promise<(() => Promise<void>) | null> {
  const note = join(folder, 'uses', `${randomUUID()}.json`)
  try {
    await writeFile(note, JSON.stringify(await thisProcess()))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
  return async () => {
    await rm(note, { force: true })
    await touch(folder)
  }
}

/** Notes of processes that are gone are taken away. */
export async function isInUse(folder: string): Promise<boolean> {
  const uses = join(folder, 'uses')
  let used = false
  for (const note of await readdir(uses).catch(() => [])) {
    const owner = await readNote(join(uses, note))
    if (owner !== null && (await mayBeAlive(owner))) used = true
    else await rm(join(uses, note), { force: true })
  }
  return used
}

async function readNote(path: string): Promise<Owner | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Owner
  } catch {
    return null
  }
}
