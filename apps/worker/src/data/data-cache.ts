// Data sets on this worker's disk, one folder each, shared by every attempt that names them, also by those of another
// worker with the same folder. What is handed out was checked, and stays until it is given back.
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '@stillhouse/kit'
import { filesOf, noteUse, readEntry, touch, writeEntry } from './cache-folder.ts'
import { type FetchOptions, fetchFiles } from './fetch-files.ts'
import { createKeyedLock } from './keyed-lock.ts'
import { evict, makeRoom } from './make-room.ts'
import { type Checked, markChecked, mendFiles } from './mend-files.ts'
import { thisProcess } from './owner.ts'
import { bytesOf, type RemoteData } from './remote-data.ts'

export interface HeldData {
  /** Folder with the files. */
  readonly dir: string
  /** Nothing had to be fetched. */
  readonly cached: boolean
  /** Gives the folder back: from now on it may go. */
  release(): Promise<void>
}

export interface DataCache {
  readonly maxBytes: number
  /** @throws DataError, DamagedFileError, whatever `fetch` throws, or the signal's reason */
  acquire(data: RemoteData, options: Omit<FetchOptions, 'everyMs'>): Promise<HeldData>
}

export interface DataCacheOptions {
  /** Made when it is first needed. */
  readonly dir: string
  readonly maxBytes: number
  /** How often progress is told. */
  readonly progressMs: number
  readonly logger: Logger
}

/** Another process may take a folder away while it is looked at; it will not do so again and again. */
const TRIES = 3
const ROOM = 'room'

export function createDataCache({ dir, maxBytes, progressMs, logger }: DataCacheOptions): DataCache {
  const lock = createKeyedLock()
  const checked = new Map<string, Checked>()

  async function open(data: RemoteData, signal: AbortSignal): Promise<HeldData | null> {
    const folder = join(dir, data.key)
    const entry = await readEntry(folder)
    if (entry === null) return null
    const release = await noteUse(folder)
    if (release === null) return null
    try {
      const known = checked.get(data.key) ?? new Map()
      checked.set(data.key, known)
      const mended = await mendFiles(folder, { data, entry, checked: known, signal })
      if (mended > 0) logger.warn({ data: data.label, files: mended }, 'cached files were damaged and fetched again')
      await touch(folder)
      return { dir: filesOf(folder), cached: mended === 0, release }
    } catch (error) {
      await release()
      throw error
    }
  }

  async function bring(data: RemoteData, options: FetchOptions): Promise<void> {
    const room = await lock.take(ROOM, options.signal)
    const folder = await makeRoom({ dir, maxBytes }, bytesOf(data), data.label).finally(room)
    try {
      const files = await fetchFiles(data.files, filesOf(folder), options)
      await writeEntry(folder, { bytes: bytesOf(data), owner: await thisProcess(), files })
      await rename(folder, join(dir, data.key))
    } catch (error) {
      await removeFolder(folder)
      if (!isTaken(error)) throw error
    }
    const known: Checked = new Map()
    for (const { path } of data.files) await markChecked(join(dir, data.key), path, known)
    checked.set(data.key, known)
  }

  async function acquire(data: RemoteData, options: FetchOptions): Promise<HeldData> {
    const found = await open(data, options.signal)
    if (found !== null) return found
    // what is there cannot be read
    await evict(dir, data.key)
    for (let tries = 0; tries < TRIES; tries += 1) {
      await bring(data, options)
      const held = await open(data, options.signal)
      if (held !== null) return { ...held, cached: false }
    }
    throw new Error(`The ${data.label} was removed from ${dir} as soon as it was there, ${TRIES} times.`)
  }

  return {
    maxBytes,
    acquire: async (data, options) => {
      const release = await lock.take(data.key, options.signal)
      return acquire(data, { ...options, everyMs: progressMs }).finally(release)
    },
  }
}

/** A transfer that was broken off may still be writing its last bytes. */
async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
}

/** Another process has brought the same data set in the meantime. */
function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOTEMPTY' || error.code === 'EEXIST')
}
