// The one way bytes get onto a disk here: into a new file, hashed on the way, flushed, and gone again if anything is wrong.
import { createHash } from 'node:crypto'
import { open, rm, writeFile } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { ApiError } from '@stillhouse/kit'
import type { StoredContent } from './artifact-store.ts'
import { storageError } from './storage-error.ts'

export interface NewContent {
  readonly content: Readable
  /** What the disk is to the operator, for the message when it is full. */
  readonly place: string
}

export interface CheckedContent extends NewContent {
  readonly sha256: string
}

/**
 * Writes `content` to the new file `path` and flushes it to the disk. After any failure the file is gone and the rest
 * of `content` is read and dropped: an HTTP client that is still sending can then read why, instead of a broken pipe.
 * @throws ApiError blob.digest_mismatch, service.unavailable when the disk refuses; errors of `content` pass through
 */
export async function writeCheckedFile(path: string, { sha256, ...rest }: CheckedContent): Promise<void> {
  const written = await writeHashedFile(path, rest)
  if (written.sha256 === sha256) return
  await rm(path, { force: true })
  throw mismatch(sha256, written.sha256)
}

/** The same for content whose digest nobody knows yet; answers what was written. */
export async function writeHashedFile(path: string, { content, place }: NewContent): Promise<StoredContent> {
  const measured = measuring(content)
  let written = false
  try {
    await writeAndFlush(path, measured.chunks)
    written = true
    return measured.result()
  } catch (error) {
    throw storageError(error, place)
  } finally {
    if (!written) {
      content.resume()
      await rm(path, { force: true })
    }
  }
}

async function writeAndFlush(path: string, content: AsyncIterable<Buffer>): Promise<void> {
  const file = await open(path, 'wx')
  try {
    await writeFile(file, content)
    await file.sync()
  } finally {
    await file.close()
  }
}

function measuring(content: Readable): { chunks: AsyncGenerator<Buffer>; result: () => StoredContent } {
  const hash = createHash('sha256')
  let size = 0
  async function* chunks(): AsyncGenerator<Buffer> {
    for await (const chunk of content.iterator({ destroyOnReturn: false })) {
      hash.update(chunk)
      size += chunk.length
      yield chunk
    }
  }
  return { chunks: chunks(), result: () => ({ sha256: hash.digest('hex'), size }) }
}

function mismatch(expected: string, received: string): ApiError {
  return new ApiError(
    'blob.digest_mismatch',
    `The content was announced as sha256 ${expected} but has ${received}. Nothing was kept; send the right bytes or the right digest.`,
  )
}
