// Keeps the cache within its size: what was not used for longest goes first, and what an attempt works with stays.
import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { byteText } from './byte-text.ts'
import { isInUse, lastUsed, readEntry, writeEntry } from './cache-folder.ts'
import { DataError } from './data-error.ts'
import { mayBeAlive, thisProcess } from './owner.ts'

const INCOMING = 'incoming-'
const EVICTED = 'evicted-'
const NEW_MS = 60_000

export interface Room {
  readonly dir: string
  readonly maxBytes: number
}

/**
 * A new folder for a data set of so many bytes, which count from now on.
 * @throws DataError resource.disk_full when it cannot be made to fit
 */
export async function makeRoom({ dir, maxBytes }: Room, bytes: number, label: string): Promise<string> {
  await mkdir(dir, { recursive: true })
  const kept = await survey(dir)
  const idle = kept.filter(({ used }) => !used).sort((a, b) => a.usedAt - b.usedAt)
  let total = kept.reduce((sum, one) => sum + one.bytes, 0)
  for (const one of bytes > maxBytes ? [] : idle) {
    if (total + bytes <= maxBytes) break
    if (await evict(dir, one.name)) total -= one.bytes
  }
  if (total + bytes > maxBytes) throw noRoom({ label, bytes, maxBytes, total })
  const folder = join(dir, `${INCOMING}${randomUUID()}`)
  await writeEntry(folder, { bytes, owner: await thisProcess(), files: {} })
  return folder
}

interface Kept {
  readonly name: string
  readonly bytes: number
  readonly usedAt: number
  readonly used: boolean
}

/** What lies in the cache, after what processes that are gone have left behind is removed. */
async function survey(dir: string): Promise<Kept[]> {
  const kept: Kept[] = []
  for (const name of await readdir(dir)) {
    const folder = join(dir, name)
    const entry = await readEntry(folder)
    const incoming = name.startsWith(INCOMING)
    const left = incoming && entry !== null && !(await mayBeAlive(entry.owner))
    const rubbish = entry === null && !(incoming && (await isNew(folder)))
    if (left || rubbish || name.startsWith(EVICTED)) await rm(folder, { recursive: true, force: true })
    else if (entry !== null) {
      const used = incoming || (await isInUse(folder))
      kept.push({ name, bytes: entry.bytes, usedAt: await lastUsed(folder), used })
    }
  }
  return kept
}

/** Another worker may have made the folder just now and be about to write what is in it. */
async function isNew(folder: string): Promise<boolean> {
  const found = await stat(folder).catch(() => null)
  return found !== null && Date.now() - found.mtimeMs < NEW_MS
}

/** Out of the way first, so that nobody begins to use what is half gone; somebody may have begun just before. */
export async function evict(dir: string, name: string): Promise<boolean> {
  const [folder, away] = [join(dir, name), join(dir, `${EVICTED}${randomUUID()}`)]
  try {
    await rename(folder, away)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return true
    throw error
  }
  if (await isInUse(away)) {
    await rename(away, folder)
    return false
  }
  await rm(away, { recursive: true, force: true })
  return true
}

interface NoRoom {
  readonly label: string
  readonly bytes: number
  readonly maxBytes: number
  readonly total: number
}

function noRoom({ label, bytes, maxBytes, total }: NoRoom): DataError {
  const reason =
    bytes > maxBytes
      ? `the cache of this worker takes ${byteText(maxBytes)}`
      : `of ${byteText(maxBytes)} in the cache of this worker ${byteText(total)} are in use by running jobs`
  return new DataError(
    'resource.disk_full',
    `The ${label} has ${byteText(bytes)}, and ${reason}. Raise DATA_CACHE_GB or use a smaller data set.`,
  )
}
