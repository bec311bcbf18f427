import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createObjectReader, ObjectError, type ObjectReader } from './object-reader.ts'

let server: Server
let reader: ObjectReader
let answer: (request: IncomingMessage, response: ServerResponse) => void
let requests: string[] = []

beforeEach(async () => {
  requests = []
  server = createServer((request, response) => {
    requests.push(request.url ?? '')
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  reader = createObjectReader({
    S3_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    S3_FORCE_PATH_STYLE: 'true',
    AWS_ACCESS_KEY_ID: 'key',
    AWS_SECRET_ACCESS_KEY: 'secret',
  })
})
afterEach(async () => {
  reader.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const LIMITS = { maxObjects: 10, maxBytes: 1000 }
const object = (key: string, size = 1): string =>
  `<Contents><Key>${key}</Key><Size>${size}</Size><ETag>&quot;e-${key}&quot;</ETag></Contents>`
const listing = (objects: string, next = ''): string =>
  `<?xml version="1.0"?><ListBucketResult><IsTruncated>${next !== ''}</IsTruncated>${objects}` +
  `${next && `<NextContinuationToken>${next}</NextContinuationToken>`}</ListBucketResult>`
const failure = (code: string): string =>
  `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`
const send = (status: number, body: string) => (_: IncomingMessage, response: ServerResponse) => {
  response.writeHead(status, { 'content-type': 'application/xml' }).end(body)
}

describe('listing a folder', () => {
  it('follows every page, names objects by their paths below it, and leaves folder markers out', async () => {
    answer = ({ url = '' }, response) => {
      const second = url.includes('continuation-token=more')
      const first = listing(object('set/', 0) + object('set/a.csv', 3), 'more')
      send(200, second ? listing(object('set/b/c.csv')) : first)({} as IncomingMessage, response)
    }
    const found = await reader.list('s3://bucket/set/', LIMITS)
    expect(found).toEqual([
      { bucket: 'bucket', key: 'set/a.csv', path: 'a.csv', size: 3, etag: '"e-set/a.csv"' },
      { bucket: 'bucket', key: 'set/b/c.csv', path: 'b/c.csv', size: 1, etag: '"e-set/b/c.csv"' },
    ])
    expect(requests.every((url) => url.startsWith('/bucket/?') || url.startsWith('/bucket?'))).toBe(true)
    expect(requests.every((url) => url.includes('prefix=set%2F'))).toBe(true)
  })

  it('takes a whole bucket', async () => {
    answer = send(200, listing(object('a')))
    expect(await reader.list('s3://bucket', LIMITS)).toMatchObject([{ path: 'a' }])
  })

  it.each([
    ['objects', Array.from({ length: 11 }, (_, i) => object(`f${i}`)).join('')],
    ['bytes', object('a', 600) + object('b', 600)],
  ])('stops at too many %s, without asking for more', async (_what, objects) => {
    answer = send(200, listing(objects, 'more'))
    await expect(reader.list('s3://bucket', LIMITS)).rejects.toMatchObject({
      reason: 'too-large',
      message: expect.stringContaining('at most 10 objects with 1000 bytes'),
    })
    expect(requests).toHaveLength(1)
  })

  it.each([
    [200, listing(''), 'missing'],
    [404, failure('NoSuchBucket'), 'missing'],
    [403, failure('AccessDenied'), 'refused'],
    [403, failure('InvalidAccessKeyId'), 'refused'],
    [301, failure('PermanentRedirect'), 'refused'],
    [503, failure('SlowDown'), 'unavailable'],
    [500, 'not XML', 'unavailable'],
  ])('answers %i %s as %s, with the address', async (status, body, reason) => {
    answer = send(status, body)
    const error = await reader.list('s3://bucket/set', LIMITS).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ObjectError)
    expect(error).toMatchObject({ reason, message: expect.stringContaining('s3://bucket/set/') })
  })

  it('calls a server that is not there unavailable', async () => {
    await new Promise((resolve) => server.close(resolve))
    await expect(reader.list('s3://bucket', LIMITS)).rejects.toMatchObject({ reason: 'unavailable' })
  })

  it('ends when it is no longer wanted', async () => {
    answer = () => {}
    const stop = new AbortController()
    const listed = reader.list('s3://bucket', LIMITS, stop.signal)
    setTimeout(() => stop.abort(new Error('cancelled')), 50)
    await expect(listed).rejects.toThrow('cancelled')
  })
})

describe('reading an object', () => {
  const found = { bucket: 'bucket', key: 'set/a', path: 'a', size: 4, etag: '"one"' }
  const content = (etag: string, body: string) => (request: IncomingMessage, response: ServerResponse) => {
    expect(request.headers['if-match']).toBe('"one"')
    response.writeHead(200, { etag, 'content-length': body.length }).end(body)
  }

  it('gives the version that was listed', async () => {
    answer = content('"one"', 'text')
    expect(await text(await reader.read(found))).toBe('text')
  })

  it.each([
    ['another version', content('"two"', 'text')],
    ['another size', content('"one"', 'longer')],
    ['a refusal of the version', send(412, failure('PreconditionFailed'))],
    ['nothing', send(404, failure('NoSuchKey'))],
  ])('says that it has changed when the server gives %s', async (_what, given) => {
    answer = given
    await expect(reader.read(found)).rejects.toMatchObject({
      reason: 'changed',
      message: expect.stringContaining('s3://bucket/set/a'),
    })
  })
})
