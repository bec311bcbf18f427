// Counts a body while it streams by, since Content-Length may be missing or wrong.
import { Readable } from 'node:stream'
import { ApiError } from '@stillhouse/kit'

/** The same bytes; fails with 413 as soon as there are more than `limit`. */
export function limitBytes(source: Readable, limit: number): Readable {
  return Readable.from(counted(source, limit), { objectMode: false })
}

async function* counted(source: Readable, limit: number): AsyncGenerator<Buffer> {
  let total = 0
  // not destroyed when we stop early: the source is the socket on which the caller still has to hear why
  for await (const chunk of source.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    total += chunk.length
    if (total > limit) throw tooLarge(limit, `more than ${total - chunk.length}`)
    yield chunk
  }
}

export function tooLarge(limit: number, received: string): ApiError {
  return new ApiError(
    'request.too_large',
    `The body is too large. Expected at most ${limit} bytes, received ${received}.`,
  )
}
