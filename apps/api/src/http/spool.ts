// Uploads whose digest is not known in advance go through a temporary file: memory stays flat, and a file can be read
// twice, once for its digest and once for the store.
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

export interface SpooledFile {
  readonly path: string
  /** Hex. */
  readonly sha256: string
  readonly size: number
}

/** Runs `use` with a folder of its own, which is gone afterwards. */
export async function withSpoolFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'stillhouse-upload-'))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Writes a stream to a file of the folder. */
export async function spool(folder: string, name: string, source: Readable): Promise<SpooledFile> {
  const file = path.join(folder, name)
  const hash = createHash('sha256')
  let size = 0
  await pipeline(
    source,
    async function* measured(chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        hash.update(chunk)
        size += chunk.length
        yield chunk
      }
    },
    createWriteStream(file),
  )
  return { path: file, sha256: hash.digest('hex'), size }
}

/** Hex sha256 over the bytes of several files, one after another. */
export async function digestOf(files: readonly SpooledFile[]): Promise<string> {
  const hash = createHash('sha256')
  for (const file of files) for await (const chunk of createReadStream(file.path)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
