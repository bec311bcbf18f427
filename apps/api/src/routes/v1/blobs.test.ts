import { Readable } from 'node:stream'
import type { Problem } from '@stillhouse/spec'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sha256 } from '../../testing/fake-service.ts'
import { as, createTestApp, type TestApp } from '../../testing/test-app.ts'

let t: TestApp
const LIMIT = 100_000

beforeAll(async () => {
  t = createTestApp({ config: { blobLimit: LIMIT } })
  await t.app.ready()
})
afterAll(async () => {
  expect(t.violations).toEqual([])
  await t.app.close()
})

function put(digest: string, payload: Buffer | Readable | undefined, headers: Record<string, string> = {}) {
  return t.app.inject({
    method: 'PUT',
    url: `/v1/blobs/${digest}`,
    headers: { ...as('worker'), 'content-type': 'application/octet-stream', ...headers },
    ...(payload === undefined ? {} : { payload }),
  })
}

test('a blob is stored, found and fetched', async () => {
  const bytes = Buffer.from('some weights')
  const digest = sha256(bytes)
  const url = `/v1/blobs/${digest}`
  expect((await t.app.inject({ method: 'HEAD', url, headers: as('worker') })).statusCode).toBe(404)
  expect((await put(digest, bytes)).statusCode).toBe(201)
  expect((await put(digest, bytes)).statusCode).toBe(200)
  expect((await t.app.inject({ method: 'HEAD', url, headers: as('worker') })).statusCode).toBe(200)
  const response = await t.app.inject({ url, headers: as('worker') })
  expect(response.rawPayload.equals(bytes)).toBe(true)
  expect(response.headers).toMatchObject({
    'content-type': 'application/octet-stream',
    'content-length': '12',
    etag: `"${digest}"`,
  })
})

test('a blob that is streamed without a length is stored', async () => {
  const chunks = Array.from({ length: 50 }, (_, i) => Buffer.alloc(1000, i))
  const digest = sha256(Buffer.concat(chunks))
  expect((await put(digest, Readable.from(chunks))).statusCode).toBe(201)
  expect(t.service.blobs.get(digest)).toHaveLength(50_000)
})

test('an empty blob is a blob', async () => {
  expect((await put(sha256(''), Buffer.alloc(0), { 'content-length': '0' })).statusCode).toBe(201)
})

test('bytes with another digest are refused', async () => {
  const response = await put(sha256('this'), Buffer.from('that'))
  expect(response.statusCode).toBe(422)
  expect(response.json<Problem>().code).toBe('blob.digest_mismatch')
})

test('an announced length over the limit is refused before a byte is read', async () => {
  const bytes = Buffer.alloc(LIMIT + 1)
  const response = await put(sha256(bytes), bytes)
  expect(response.statusCode).toBe(413)
  expect(response.json<Problem>().detail).toContain(String(LIMIT))
})

test('a stream that turns out too long is cut off', async () => {
  const chunks = Array.from({ length: 102 }, () => Buffer.alloc(1000))
  const digest = sha256(Buffer.concat(chunks))
  expect((await put(digest, Readable.from(chunks))).statusCode).toBe(413)
  expect(t.service.blobs.has(digest)).toBe(false)
})

test('a blob that is not there is a 404', async () => {
  const response = await t.app.inject({ url: `/v1/blobs/${sha256('nothing')}`, headers: as('worker') })
  expect(response.statusCode).toBe(404)
  expect(response.json<Problem>().code).toBe('blob.not_found')
})

test.each(['abc', 'A'.repeat(64), '..%2f..%2fetc'])('%s is no digest', async (digest) => {
  const response = await put(digest, Buffer.from('x'))
  expect(response.statusCode).toBe(400)
  expect(response.json<Problem>().faults).toMatchObject([{ path: '/path/sha256' }])
})

test.each(['application/json', 'text/plain', ''])('content of type "%s" is not taken', async (type) => {
  expect((await put(sha256('{}'), Buffer.from('{}'), { 'content-type': type })).statusCode).toBe(415)
})

test('a request without content is not taken for an empty blob', async () => {
  const response = await t.app.inject({ method: 'PUT', url: `/v1/blobs/${sha256('')}`, headers: as('worker') })
  expect(response.statusCode).toBe(415)
})
