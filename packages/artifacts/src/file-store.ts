// Artifacts in a folder: ab/cd/abcd… so that no folder grows too large, written beside and renamed into place,
// so that a reader sees a blob whole or not at all, also after a power cut.
import { randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import type { ArtifactStore, ByteRange, StoredContent } from './artifact-store.ts'
import { assertDigest } from './assert-digest.ts'
import { blobNotFound } from './blob-not-found.ts'
import { clipRange } from './clip-range.ts'
import { listBlobs } from './list-blobs.ts'
import { storageError } from './storage-error.ts'
import { writeCheckedFile, writeHashedFile } from './write-checked-file.ts'

const PLACE = 'The artifact folder (ARTIFACT_URL)'
/** No upload takes this long: what is older was left by a process that died. */
const LEFTOVER_AGE_MS = 24 * 60 * 60 * 1000

/** A store in the folder `root`, which is made when it is first written to. */
export function createFileStore(root: string): ArtifactStore {
  const incoming = join(root, 'incoming')
  const pathOf = (sha256: string): string => join(root, assertDigest(sha256).slice(0, 2), sha256.slice(2, 4), sha256)
  const targetOf = (sha256: string, content: Readable): string => {
    try {
      return pathOf(sha256)
    } catch (error) {
      content.resume()
      throw error
    }
  }
  const prepare = async (content: Readable): Promise<string> => {
    try {
      await mkdir(incoming, { recursive: true })
    } catch (error) {
      content.resume()
      throw storageError(error, PLACE)
    }
    return join(incoming, randomUUID())
  }
  return {
    has: async (sha256) => (await sizeOf(pathOf(sha256))) !== undefined,
    async size(sha256) {
      const size = await sizeOf(pathOf(sha256))
      if (size === undefined) throw blobNotFound(sha256)
      return size
    },
    async put(sha256, content) {
      const target = targetOf(sha256, content)
      const temporary = await prepare(content)
      await writeCheckedFile(temporary, { sha256, content, place: PLACE })
      await moveIntoPlace(temporary, target)
    },
    async add(content, announce) {
      const temporary = await prepare(content)
      const stored = await writeHashedFile(temporary, { content, place: PLACE })
      await announced(stored, temporary, announce)
      await moveIntoPlace(temporary, pathOf(stored.sha256))
      return stored
    },
    get: async (sha256, range) => read(pathOf(sha256), sha256, range),
    async delete(sha256) {
      await rm(pathOf(sha256), { force: true }).catch((error: unknown) => {
        throw storageError(error, PLACE)
      })
    },
    async list(after, limit) {
      return listBlobs(root, after === '' ? after : assertDigest(after), limit).catch((error: unknown) => {
        throw storageError(error, PLACE)
      })
    },
    leftovers: () => leftoversIn(incoming),
    async removeLeftover(name) {
      await rm(join(incoming, basename(name)), { force: true, recursive: true })
    },
    async ping() {
      await mkdir(incoming, { recursive: true }).catch((error: unknown) => {
        throw storageError(error, PLACE)
      })
      await writeProbe(join(incoming, randomUUID()))
    },
    close: async () => {},
  }
}

async function announced(
  { sha256 }: StoredContent,
  temporary: string,
  announce: ((sha256: string) => Promise<void>) | undefined,
): Promise<void> {
  try {
    await announce?.(sha256)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

async function leftoversIn(incoming: string): Promise<string[]> {
  const oldest = Date.now() - LEFTOVER_AGE_MS
  const left: string[] = []
  for (const name of await readdir(incoming).catch(() => [])) {
    const found = await stat(join(incoming, name)).catch(() => undefined)
    if (found !== undefined && found.mtimeMs < oldest) left.push(name)
  }
  return left
}

async function moveIntoPlace(temporary: string, target: string): Promise<void> {
  try {
    const folder = dirname(target)
    const made = await mkdir(folder, { recursive: true })
    await rename(temporary, target)
    await flushFolder(folder)
    if (made !== undefined) await flushParents(folder)
  } catch (error) {
    await rm(temporary, { force: true })
    throw storageError(error, PLACE)
  }
}

/** A rename is on the disk only when its folder is. */
async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** A new folder is on the disk only when its parents are: ab, and the root. */
async function flushParents(folder: string): Promise<void> {
  await flushFolder(dirname(folder))
  await flushFolder(dirname(dirname(folder)))
}

async function writeProbe(path: string): Promise<void> {
  try {
    await writeFile(path, 'ping', { flag: 'wx' })
  } catch (error) {
    throw storageError(error, PLACE)
  } finally {
    await rm(path, { force: true })
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path)
    return found.isFile() ? found.size : undefined
  } catch (error) {
    if (isMissing(error)) return undefined
    throw storageError(error, PLACE)
  }
}

async function read(path: string, sha256: string, range: ByteRange | undefined): Promise<Readable> {
  const file = await openBlob(path, sha256)
  try {
    const { size } = await file.stat()
    if (range === undefined) return file.createReadStream()
    return file.createReadStream(clipRange(range, size))
  } catch (error) {
    await file.close()
    throw error
  }
}

async function openBlob(path: string, sha256: string): Promise<FileHandle> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if (isMissing(error)) throw blobNotFound(sha256)
    throw storageError(error, PLACE)
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
