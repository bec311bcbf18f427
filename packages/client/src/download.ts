// Downloads that go on where they broke off: the next request asks for the rest, and only of the same content.
import { ApiProblem } from './api-problem.ts'
import { ApiUnreachable } from './api-unreachable.ts'
import { backOff } from './back-off.ts'
import { readBody } from './read-body.ts'

export interface DownloadOptions {
  /** Bytes that the caller has already; needs `sha256`. */
  readonly from?: number
  /** Hex digest of the content of which those bytes are the beginning, as the list of artifacts tells it. */
  readonly sha256?: string
  readonly signal?: AbortSignal | undefined
  /** Failed requests in a row after which to give up; default 5. */
  readonly retries?: number
}

export interface Download {
  /** Where the stream begins: `from`, or 0 when the content is another one than thought. */
  readonly start: number
  /** Bytes of the whole content. */
  readonly size: number
  /** Hex digest of the whole content; check it at the end. */
  readonly sha256: string
  readonly contentType: string
  /** Bytes from `start` to the end; broken connections are mended inside. */
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>
}

/** A connection without a byte for so long is given up and made anew. */
const IDLE_MS = 60_000

/** Requests the content with these headers (Range, If-Range or none). */
export type OpenContent = (headers: Record<string, string>, signal?: AbortSignal) => Promise<Response>

/** @throws ApiProblem, ApiUnreachable, or the signal's reason; the stream fails with the same */
export async function download(open: OpenContent, options: DownloadOptions = {}): Promise<Download> {
  const { from = 0, sha256, signal } = options
  const known = from > 0 && sha256 !== undefined
  const response = await open(known ? rangeHeaders(from, `"${sha256}"`) : {}, signal)
  const start = response.status === 206 ? from : 0
  const etag = response.headers.get('etag') ?? ''
  const size = start + Number(response.headers.get('content-length'))
  return {
    start,
    size,
    sha256: etag.replaceAll('"', ''),
    contentType: response.headers.get('content-type') ?? 'application/octet-stream',
    stream: streamOf(chunksOf({ open, response, etag, start, size, options })),
  }
}

function rangeHeaders(from: number, etag: string): Record<string, string> {
  return { range: `bytes=${from}-`, 'if-range': etag }
}

interface Transfer {
  readonly open: OpenContent
  readonly response: Response
  readonly etag: string
  readonly start: number
  readonly size: number
  readonly options: DownloadOptions
}

async function* chunksOf({
  open,
  response,
  etag,
  start,
  size,
  options,
}: Transfer): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const { signal, retries = 5 } = options
  let current: Response | null = response
  let at = start
  let failures = 0
  while (at < size) {
    try {
      current ??= await rest(open, at, etag, signal)
      for await (const chunk of readBody(current, { signal, idleMs: IDLE_MS })) {
        at += chunk.length
        failures = 0
        yield chunk
      }
      if (at < size) throw new Error(`the connection ended after ${at} of ${size} bytes`)
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      failures += 1
      if (error instanceof ApiProblem && error.status < 500) throw error
      if (failures > retries) throw error instanceof ApiUnreachable ? error : new ApiUnreachable(response.url, error)
      current = null
      await backOff(failures, signal)
    }
  }
}

async function rest(open: OpenContent, at: number, etag: string, signal?: AbortSignal): Promise<Response> {
  const response = await open(rangeHeaders(at, etag), signal)
  if (response.status === 206) return response
  await response.body?.cancel()
  throw new ApiProblem({
    type: 'about:blank',
    title: 'The content has changed',
    status: 409,
    code: 'download.changed',
    detail: `The content at ${response.url} changed while it was downloaded. Start again.`,
  })
}

/** Not ReadableStream.from: not every browser has it. */
function streamOf(chunks: AsyncGenerator<Uint8Array<ArrayBuffer>>): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const { done, value } = await chunks.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    async cancel() {
      await chunks.return(undefined)
    },
  })
}
