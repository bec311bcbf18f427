// Tables in a folder that jobs and processes share. A cache may fail without failing a job: whatever is wrong with the disk
// costs time and a note.
import { randomBytes } from 'node:crypto'
import { type FileHandle, mkdir, open, rename, rm, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { makeRoom, TABLE } from './make-room.ts'
import { MEMORY_LIMIT, memoryRows, memoryWriter } from './memory-rows.ts'
import { checkRowFile, fileBytes, fileRows, loadRows, makeRowFile, sealRowFile, writeRows } from './row-file.ts'
import { bytesOf, type RowLayout, type RowStore, type Rows, type RowWriter } from './rows.ts'

/** Bytes up to which a table is held in memory while it is used; larger ones are read row by row. */
const LOAD_LIMIT = 256 * 2 ** 20

export interface DiskStore {
  /** Made when missing. */
  readonly dir: string
  /** Bytes of all tables together. */
  readonly limit: number
  note(message: string): void
  readonly loadLimit?: number
}

interface Place extends Required<DiskStore> {
  readonly key: string
  readonly layout: RowLayout
}

export function diskStore({ loadLimit = LOAD_LIMIT, ...options }: DiskStore): RowStore {
  const fits = (layout: RowLayout) => fileBytes(layout) <= options.limit
  const place = (key: string, layout: RowLayout): Place => ({ ...options, loadLimit, key, layout })
  return {
    holds: (layout) => fits(layout) || bytesOf(layout) <= MEMORY_LIMIT,
    open: async (key, layout) => (fits(layout) ? await openTable(place(key, layout)) : null),
    create: async (key, layout) => {
      if (!fits(layout)) return memoryWriter(layout, async () => undefined)
      if (bytesOf(layout) > loadLimit) return await streamedWriter(place(key, layout))
      return memoryWriter(layout, (values) => storeValues(place(key, layout), values))
    },
  }
}

function pathOf({ dir, key }: Place): string {
  return join(dir, `${key}${TABLE}`)
}

async function openTable(place: Place): Promise<Rows | null> {
  const path = pathOf(place)
  const file = await open(path, 'r').catch(() => null)
  if (file === null) return null
  try {
    await checkRowFile(file, place.key, place.layout)
    const now = new Date()
    await utimes(path, now, now).catch(() => undefined)
    return await rowsOf(place, file)
  } catch (error) {
    await file.close()
    await rm(path, { force: true }).catch(() => undefined)
    place.note(`Kept teacher outputs were damaged and are computed anew: ${path}: ${String(error)}.`)
    return null
  }
}

async function rowsOf({ layout, loadLimit }: Place, file: FileHandle): Promise<Rows> {
  if (bytesOf(layout) > loadLimit) return fileRows(file, layout.width)
  const values = await loadRows(file, layout)
  await file.close()
  return memoryRows(values, layout.width)
}

/** A table that was put together in memory goes to the disk at once; should that fail, memory is where it stays. */
async function storeValues(place: Place, values: Float32Array): Promise<void> {
  const writer = await streamedWriter(place)
  writer.write(
    Int32Array.from({ length: place.layout.count }, (_, i) => i),
    values,
  )
  const rows = await writer.finish()
  await rows?.close()
}

async function streamedWriter(place: Place): Promise<RowWriter> {
  const temporary = join(place.dir, `${place.key}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`)
  let file: FileHandle | null = null
  const abandon = async () => {
    const opened = file
    file = null
    if (opened === null) return
    await opened.close().catch(() => undefined)
    await rm(temporary, { force: true }).catch(() => undefined)
  }
  let failure: unknown = null
  const attempt = async <T>(work: () => Promise<T>): Promise<T | null> => {
    try {
      if (failure === null) return await work()
    } catch (error) {
      failure = error
    }
    place.note(`Teacher outputs are not kept on disk: ${place.dir}: ${String(failure)}.`)
    await abandon()
    return null
  }
  await attempt(async () => {
    await mkdir(place.dir, { recursive: true })
    await makeRoom(place.dir, place.limit, fileBytes(place.layout), place.key)
    file = await makeRowFile(temporary, place.layout)
  })
  return {
    write: (places, rows) => {
      try {
        if (file !== null) writeRows(file, place.layout.width, places, rows)
      } catch (error) {
        failure ??= error
      }
    },
    finish: async () => {
      if (file === null) return null
      const opened: FileHandle = file
      return await attempt(async () => {
        await sealRowFile(opened, place.key, place.layout)
        await rename(temporary, pathOf(place))
        await makeRoom(place.dir, place.limit, 0, place.key)
        file = null
        return fileRows(opened, place.layout.width)
      })
    },
    abandon,
  }
}
