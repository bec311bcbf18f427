// A multipart form of files as a stream: a file is opened when its turn comes, so a form may be larger than memory and
// hold more files than a process can have open. FormData would want them all as blobs at once.
import type { Content, NamedContent } from './client.ts'

export interface MultipartBody {
  readonly contentType: string
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>
}

export function multipartBody(files: Iterable<NamedContent>): MultipartBody {
  const boundary = `stillhouse-${crypto.randomUUID()}`
  const chunks = chunksOf(files, boundary)
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    stream: new ReadableStream<Uint8Array<ArrayBuffer>>({
      async pull(controller) {
        const { done, value } = await chunks.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      async cancel() {
        await chunks.return(undefined)
      },
    }),
  }
}

async function* chunksOf(
  files: Iterable<NamedContent>,
  boundary: string,
): AsyncGenerator<Uint8Array<ArrayBuffer>, undefined> {
  const text = new TextEncoder()
  for (const { path, content } of files) {
    yield text.encode(`--${boundary}\r\n${headersOf(path)}\r\n\r\n`)
    yield* read(typeof content === 'function' ? await content() : content)
    yield text.encode('\r\n')
  }
  yield text.encode(`--${boundary}--\r\n`)
  return undefined
}

/** The file name only marks the part as a file. */
function headersOf(path: string): string {
  const name = path.replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('"', '%22')
  return `Content-Disposition: form-data; name="${name}"; filename="file"\r\nContent-Type: application/octet-stream`
}

async function* read(content: Content): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  if (content instanceof Uint8Array) {
    if (content.length > 0) yield content
    return
  }
  const reader = (content instanceof Blob ? content.stream() : content).getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      if (value.length > 0) yield value
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}
