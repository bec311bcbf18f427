import { hash } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ArtifactList, Job, Problem } from '@stillhouse/spec'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { as, createTestApp, MINIMAL_JOB, type TestApp } from '../../testing/test-app.ts'

let t: TestApp
let id = ''
const bytes = Buffer.from(Array.from({ length: 1000 }, (_, i) => i % 256))
const sha256 = hash('sha256', bytes)
const PATH = 'export/tfjs-layers/weights.bin'

beforeAll(async () => {
  t = createTestApp()
  await t.app.ready()
  const response = await t.app.inject({ method: 'POST', url: '/v1/jobs', payload: MINIMAL_JOB, headers: as('writer') })
  id = response.json<Job>().id
  t.service.addArtifact(id, PATH, bytes, 'application/octet-stream')
  t.service.addArtifact(id, 'report.json', Buffer.from('{}'), 'application/json')
  t.service.addArtifact(id, 'empty.txt', Buffer.alloc(0), 'text/plain; charset=utf-8')
  t.service.addArtifact(id, 'odd.html', Buffer.from('<script>'), 'text/html\r\nset-cookie: a=b')
})
afterAll(async () => {
  expect(t.violations).toEqual([])
  await t.app.close()
})

function get(path: string, headers: Record<string, string> = {}, method: 'GET' | 'HEAD' = 'GET') {
  return t.app.inject({ method, url: `/v1/jobs/${id}/artifacts/${path}`, headers: { ...as('reader'), ...headers } })
}

test('artifacts are listed', async () => {
  const response = await t.app.inject({ url: `/v1/jobs/${id}/artifacts`, headers: as('reader') })
  expect(response.json<ArtifactList>().items[0]).toMatchObject({ path: PATH, sha256, size: 1000, kind: 'export' })
})

const WHOLE = {
  etag: `"${sha256}"`,
  'repr-digest': `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:`,
  digest: `sha-256=${Buffer.from(sha256, 'hex').toString('base64')}`,
  'content-length': '1000',
  'content-type': 'application/octet-stream',
  'content-disposition': 'attachment; filename="weights.bin"',
  'accept-ranges': 'bytes',
  'x-content-type-options': 'nosniff',
}

test('an artifact is downloaded with all that is needed to check it', async () => {
  const response = await get(PATH)
  expect(response.statusCode).toBe(200)
  expect(response.rawPayload.equals(bytes)).toBe(true)
  expect(response.headers).toMatchObject(WHOLE)
})

test('HEAD answers with the same headers and without content', async () => {
  const response = await get(PATH, {}, 'HEAD')
  expect(response.statusCode).toBe(200)
  expect(response.headers).toMatchObject(WHOLE)
  expect(response.rawPayload).toHaveLength(0)
})

test('an encoded slash is a slash', async () => {
  expect((await get(PATH.replaceAll('/', '%2F'))).rawPayload.equals(bytes)).toBe(true)
})

test.each([
  ['bytes=0-99', 0, 99],
  ['bytes=900-', 900, 999],
  ['bytes=-1', 999, 999],
  ['bytes=500-5000', 500, 999],
])('the range %s is answered with these bytes and no more', async (range, start, end) => {
  const response = await get(PATH, { range })
  expect(response.statusCode).toBe(206)
  expect(response.headers).toMatchObject({
    'content-range': `bytes ${start}-${end}/1000`,
    'content-length': String(end - start + 1),
    etag: WHOLE.etag,
  })
  expect(response.rawPayload.equals(bytes.subarray(start, end + 1))).toBe(true)
  expect(t.service.calls.at(-1)).toEqual(['getBlob', sha256, { start, end }])
})

test('a range outside is refused, naming the size', async () => {
  const response = await get(PATH, { range: 'bytes=1000-' })
  expect(response.statusCode).toBe(416)
  expect(response.headers['content-range']).toBe('bytes */1000')
  expect(response.json<Problem>().code).toBe('artifact.range_not_satisfiable')
})

test('several ranges are answered with the whole', async () => {
  expect((await get(PATH, { range: 'bytes=0-1,5-6' })).statusCode).toBe(200)
})

test('If-Range honours the range only for the same content', async () => {
  const range = 'bytes=0-9'
  expect((await get(PATH, { range, 'if-range': `"${sha256}"` })).statusCode).toBe(206)
  expect((await get(PATH, { range, 'if-range': '"other"' })).statusCode).toBe(200)
  expect((await get(PATH, { range, 'if-range': `W/"${sha256}"` })).statusCode).toBe(200)
  expect((await get(PATH, { range, 'if-range': 'Sat, 01 Jan 2028 00:00:00 GMT' })).statusCode).toBe(200)
})

test.each(['GET', 'HEAD'] as const)('%s with a known ETag is answered 304', async (method) => {
  const response = await get(PATH, { 'if-none-match': `"x", W/"${sha256}"`, range: 'bytes=0-1' }, method)
  expect(response.statusCode).toBe(304)
  expect(response.headers['etag']).toBe(WHOLE.etag)
  expect(response.rawPayload).toHaveLength(0)
  expect((await get(PATH, { 'if-none-match': '"x"' }, method)).statusCode).toBe(200)
})

test('an empty artifact is an empty answer, and has no ranges', async () => {
  const response = await get('empty.txt')
  expect(response.statusCode).toBe(200)
  expect(response.headers).toMatchObject({ 'content-length': '0', 'content-type': 'text/plain; charset=utf-8' })
  expect((await get('empty.txt', { range: 'bytes=0-' })).statusCode).toBe(416)
})

test('a content type that would break the response is not repeated', async () => {
  const response = await get('odd.html')
  expect(response.statusCode).toBe(200)
  expect(response.headers['content-type']).toBe('application/octet-stream')
  expect(response.headers['set-cookie']).toBeUndefined()
})

test('an artifact that is not there is a 404', async () => {
  const response = await get('export/none.bin')
  expect(response.statusCode).toBe(404)
  expect(response.json<Problem>().code).toBe('artifact.not_found')
})

test('an artifact whose content is gone is a 404 and not an empty file', async () => {
  const artifact = t.service.addArtifact(id, 'gone.bin', Buffer.from('gone'), 'application/octet-stream')
  t.service.blobs.delete(artifact.sha256)
  const response = await get('gone.bin')
  expect(response.statusCode).toBe(404)
  expect(response.json<Problem>().code).toBe('blob.not_found')
  expect(response.headers['content-type']).toContain('application/problem+json')
})

const TRAVERSALS = [
  '../../../etc/passwd',
  '%2e%2e/%2e%2e/etc/passwd',
  '..%2f..%2fetc%2fpasswd',
  '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
  '%252e%252e%252fetc',
  'export/../../secret',
  'export/./model.json',
  '/etc/passwd',
  '%2fetc%2fpasswd',
  'export//model.json',
  'export/',
  'export%5c..%5csecret',
  'a%00.json',
  'C:/windows',
  '~root/x',
  '',
]

test.each(TRAVERSALS)('the path %j is refused and never looked up', async (path) => {
  const lookups = t.service.calls.length
  const { statusCode } = await raw(`/v1/jobs/${id}/artifacts/${path}`)
  expect(statusCode).toBe(400)
  expect(t.service.calls).toHaveLength(lookups)
})

/** Over a socket: other clients would tidy the path up first. */
async function raw(path: string): Promise<{ statusCode: number }> {
  if (!t.app.server.listening) await t.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = t.app.server.address() as AddressInfo
  return new Promise((resolve, reject) => {
    const request = httpRequest({ port, host: '127.0.0.1', path, headers: as('reader'), agent: false }, (answer) => {
      answer.resume()
      answer.once('end', () => resolve({ statusCode: answer.statusCode ?? 0 }))
    })
    request.on('error', reject)
    request.end()
  })
}

test('an artifact whose file is lost says so, and not that the caller should upload it', async () => {
  const lost = t.service.addArtifact(id, 'lost.bin', Buffer.from('lost'), 'application/octet-stream')
  t.service.blobs.delete(lost.sha256)
  const response = await get('lost.bin')
  const { code, detail } = response.json<Problem>()
  expect([response.statusCode, code]).toEqual([404, 'blob.not_found'])
  expect(detail).toMatch(/has the artifact lost\.bin.*no longer in the artifact store.*backup/)
  expect(response.headers['content-disposition']).toBeUndefined()
  const head = await get('lost.bin', {}, 'HEAD')
  expect(head.statusCode).toBe(404)
  expect(head.headers['content-disposition']).toBeUndefined()
})
