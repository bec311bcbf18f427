import { expect, test } from 'vitest'
import { ApiProblem } from './api-problem.ts'
import { type DownloadOptions, download } from './download.ts'

const content = Uint8Array.from({ length: 1000 }, (_, i) => i % 256)
const SHA = 'ab'.repeat(32)

/** A server of `content` that breaks each of the first connections off after so many bytes. */
function server(breaks: readonly number[], etags: readonly string[] = [SHA]) {
  const requests: Record<string, string>[] = []
  const open = async (headers: Record<string, string>): Promise<Response> => {
    const etag = `"${etags[Math.min(requests.length, etags.length - 1)]}"`
    const limit = breaks[requests.length]
    requests.push(headers)
    const partial = headers['range'] !== undefined && headers['if-range'] === etag
    const start = partial ? Number(/^bytes=(\d+)-$/.exec(headers['range'] ?? '')?.[1]) : 0
    const bytes = content.subarray(start)
    const body = limit === undefined ? bytes : brokenBody(bytes.subarray(0, limit))
    return new Response(body, {
      status: partial ? 206 : 200,
      headers: { etag, 'content-length': String(bytes.length), 'content-type': 'application/octet-stream' },
    })
  }
  return { open, requests }
}

function brokenBody(bytes: Uint8Array): ReadableStream {
  return new ReadableStream({
    start: (controller) => controller.enqueue(bytes),
    pull: (controller) => controller.error(new TypeError('terminated')),
  })
}

async function read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<Uint8Array> {
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

const fetchAll = async (breaks: readonly number[], options?: DownloadOptions, etags?: readonly string[]) => {
  const { open, requests } = server(breaks, etags)
  const result = await download(open, options)
  return { result, requests, bytes: read(result.stream) }
}

test('content arrives whole, with its size, type and digest', async () => {
  const { result, bytes } = await fetchAll([])
  expect(await bytes).toEqual(content)
  expect(result).toMatchObject({ start: 0, size: 1000, sha256: SHA, contentType: 'application/octet-stream' })
})

test('a broken connection goes on where it broke, and only with the same content', async () => {
  const { requests, bytes } = await fetchAll([300, 400])
  expect(await bytes).toEqual(content)
  expect(requests).toEqual([
    {},
    { range: 'bytes=300-', 'if-range': `"${SHA}"` },
    { range: 'bytes=700-', 'if-range': `"${SHA}"` },
  ])
})

test('a partial file is completed', async () => {
  const { result, bytes } = await fetchAll([], { from: 600, sha256: SHA })
  expect(result).toMatchObject({ start: 600, size: 1000 })
  expect(await bytes).toEqual(content.subarray(600))
})

test('a partial file of other content is replaced from the start', async () => {
  const { result, bytes } = await fetchAll([], { from: 600, sha256: 'cd'.repeat(32) })
  expect(result.start).toBe(0)
  expect(await bytes).toEqual(content)
})

test('content that changes on the way is an error, not a mixture', async () => {
  const { bytes } = await fetchAll([300], {}, [SHA, 'ef'.repeat(32)])
  await expect(bytes).rejects.toMatchObject({ code: 'download.changed' })
})

test('connections that break and break without progress end in an error', async () => {
  const { bytes } = await fetchAll([300, 0, 0, 0], { retries: 2 })
  await expect(bytes).rejects.toThrow('does not answer')
})

test('a download that is refused is not repeated', async () => {
  const refusal = new ApiProblem({ type: '', title: '', status: 404, code: 'artifact.not_found', detail: 'none' })
  await expect(download(() => Promise.reject(refusal))).rejects.toBe(refusal)
})

test('a reader that turns away closes the connection', async () => {
  let cancelled = false
  const body = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(10)),
    cancel: () => {
      cancelled = true
    },
  })
  const headers = { etag: `"${SHA}"`, 'content-length': '1000000' }
  const { stream } = await download(async () => new Response(body, { headers }))
  const reader = stream.getReader()
  await reader.read()
  await reader.cancel()
  expect(cancelled).toBe(true)
})
