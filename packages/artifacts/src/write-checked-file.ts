// The one way bytes get onto a disk here: into a new file, hashed on the way, flushed, and gone again if anything is wrong.
import { createHash, type Hash } from 'node:crypto'
import { open, rm, writeFile } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { ApiError } from '@stillhouse/kit'
import { storageError } from './storage-error.ts'

export interface CheckedContent {
  readonly sha256: string
  readonly content: Readable
  /** What the disk is to the operator, for the message when it is full. */
  readonly place: string
}

/**
 * Writes `content` to the new file `path` and flushes it to the disk. After any failure the file is gone and the rest
 * of `content` is read and dropped: an HTTP client that is still sending can then read why, instead of a broken pipe.
 * @throws ApiError blob.digest_mismatch, service.unavailable when the disk refuses; errors of `content` pass through
 */
export async function writeCheckedFile(path: string, { sha256, content, place }: CheckedContent): Promise<void> {
  const hash = createHash('sha256')
  let written = false
  try {
    await writeAndFlush(path, hashing(content, hash))
    assertSame(sha256, hash.digest('hex'))
    written = true
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

async function* hashing(content: Readable, hash: Hash): AsyncGenerator<Buffer> {
  for await (const chunk of content.iterator({ destroyOnReturn: false })) {
    hash.update(chunk)
    yield chunk
  }
}

function assertSame(expected: string, received: string): void {
  if (received === expected) return
  throw new ApiError(
    'blob.digest_mismatch',
    `The content was announced as sha256 ${expected} but has ${received}. Nothing was kept; send the right bytes or the right digest.`,
  )
}
