import { hash } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Dataset, DatasetPage, Problem } from '@stillhouse/spec'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { sha256 } from '../../testing/fake-service.ts'
import { as, createTestApp, MINIMAL_JOB, type TestApp } from '../../testing/test-app.ts'

let t: TestApp
const LIMIT = 50_000
const FILES = 5

beforeAll(async () => {
  t = createTestApp({ config: { datasetLimit: LIMIT, datasetFiles: FILES } })
  await t.app.listen({ host: '127.0.0.1', port: 0 })
})
beforeEach(() => {
  t.service.datasets.clear()
  t.service.blobs.clear()
})
afterEach(() => expect(t.violations).toEqual([]))
afterAll(() => t.app.close())

type Part = readonly [path: string, content: string | Buffer]

function formOf(parts: readonly Part[]): Response {
  const form = new FormData()
  for (const [name, content] of parts) form.append(name, new Blob([content as BlobPart]), 'x')
  return new Response(form)
}

async function send(body: Response, headers: Record<string, string> = {}) {
  return t.app.inject({
    method: 'POST',
    url: '/v1/datasets',
    headers: { ...as('writer'), 'content-type': body.headers.get('content-type') ?? '', ...headers },
    payload: Buffer.from(await body.arrayBuffer()),
  })
}
const upload = (...parts: Part[]) => send(formOf(parts))
const faultsOf = (response: { json: <T>() => T }) => response.json<Problem>().faults ?? []

const TRAIN: Part = ['train/katze 猫.csv', '1,2,3\n']
const TEST: Part = ['test.csv', Buffer.alloc(30_000, 7)]

test('files become a data set under the digest of its manifest, and their bytes are stored', async () => {
  const response = await upload(TRAIN, TEST)
  expect(response.statusCode).toBe(201)
  const set = response.json<Dataset>()
  const files = [
    { path: 'test.csv', sha256: sha256(TEST[1]), size: 30_000 },
    { path: 'train/katze 猫.csv', sha256: sha256(TRAIN[1]), size: 6 },
  ]
  const manifest = `{"files":[${files.map((f) => `{"path":"${f.path}","sha256":"${f.sha256}","size":${f.size}}`).join(',')}]}`
  expect(set).toMatchObject({ id: hash('sha256', manifest), size: 30_006, files })
  expect(response.headers['location']).toBe(`/v1/datasets/${set.id}`)
  expect(t.service.blobs.get(sha256(TEST[1]))?.equals(TEST[1] as Buffer)).toBe(true)
})

test('the same files in another order are the same data set, answered with 200', async () => {
  const first = await upload(TRAIN, TEST)
  const again = await upload(TEST, TRAIN)
  expect([first.statusCode, again.statusCode]).toEqual([201, 200])
  expect(again.json()).toEqual(first.json())
})

test('an empty file is a file', async () => {
  expect((await upload(['empty', ''])).json<Dataset>().files).toEqual([{ path: 'empty', sha256: sha256(''), size: 0 }])
})

test.each(['../evil', 'a/../../evil', '/etc/passwd', 'a//b', '.', 'a\\b'])('the path %j is refused', async (path) => {
  const response = await upload(TRAIN, [path, 'x'])
  expect(response.statusCode).toBe(400)
  expect(faultsOf(response)).toMatchObject([{ message: 'not a path for a file of a data set' }])
  expect(t.service.datasets.size).toBe(0)
  expect(t.service.blobs.has(sha256('x'))).toBe(false)
})

test('every faulty path is listed, also two that are one and one below another', async () => {
  const response = await upload(['a', '1'], ['a', '2'], ['a/b', '3'], ['..', '4'])
  expect(faultsOf(response).map(({ path }) => path)).toEqual(['/a', '/a~1b', '/..'])
})

test('names that are properties of every object are ordinary names', async () => {
  const response = await upload(['constructor', '1'], ['__proto__', '2'])
  expect(response.json<Dataset>().files.map(({ path }) => path)).toEqual(['__proto__', 'constructor'])
})

test('a form without files is refused', async () => {
  const form = new Response('--b--\r\n', { headers: { 'content-type': 'multipart/form-data; boundary=b' } })
  expect(faultsOf(await send(form))).toMatchObject([{ message: 'the form holds no file' }])
})

test('a field among the files is refused by its name', async () => {
  const form = new FormData()
  form.append('note', 'hello')
  const response = await send(new Response(form))
  expect(response.statusCode).toBe(400)
  expect(faultsOf(response)).toMatchObject([{ path: '/note', message: 'this part of the form is no file' }])
})

test('more files than allowed are refused with the limit', async () => {
  const response = await upload(...Array.from({ length: FILES + 1 }, (_, i): Part => [`f${i}`, 'x']))
  expect(response.statusCode).toBe(413)
  expect(response.json<Problem>().detail).toContain(`at most ${FILES}`)
})

test('the limit of bytes counts all files together', async () => {
  const half: Part[] = [
    ['a', Buffer.alloc(LIMIT / 2 + 1)],
    ['b', Buffer.alloc(LIMIT / 2)],
  ]
  const response = await upload(...half)
  expect(response.statusCode).toBe(413)
  expect(response.json<Problem>().detail).toContain(String(LIMIT))
  expect((await upload(['a', Buffer.alloc(LIMIT / 2)], ['b', Buffer.alloc(LIMIT / 2)])).statusCode).toBe(201)
})

test('a body that is announced as too large is refused before it is read', async () => {
  const response = await send(formOf([TRAIN]), { 'content-length': '90000000' })
  expect(response.statusCode).toBe(413)
})

test.each([
  ['without boundary', 'multipart/form-data', ''],
  [
    'cut off in a file',
    'multipart/form-data; boundary=b',
    '--b\r\ncontent-disposition: form-data; name="a"; filename="a"\r\n\r\n1',
  ],
  [
    'cut off between files',
    'multipart/form-data; boundary=b',
    '--b\r\ncontent-disposition: form-data; name="a"; filename="a"\r\n\r\n1\r\n--b\r\n',
  ],
])('a form %s is refused, and no data set is made', async (_what, type, text) => {
  const response = await send(new Response(text, { headers: { 'content-type': type } }))
  expect(response.statusCode).toBe(400)
  expect(t.service.datasets.size).toBe(0)
})

test('a body that is no form is refused', async () => {
  const response = await send(new Response('{}', { headers: { 'content-type': 'application/json' } }))
  expect(response.statusCode).toBe(415)
})

test('an upload whose sender goes away makes no data set and leaves nothing waiting', async () => {
  const { port } = t.app.server.address() as AddressInfo
  const gone = new Promise<void>((resolve) => {
    const headers = { ...as('writer'), 'content-type': 'multipart/form-data; boundary=b', 'content-length': '40000' }
    const request = httpRequest({ port, method: 'POST', path: '/v1/datasets', headers })
    request.on('error', () => resolve())
    request.write('--b\r\ncontent-disposition: form-data; name="a"; filename="a"\r\n\r\n123')
    setTimeout(() => request.destroy(), 100)
  })
  await gone
  await expect.poll(() => t.log.some((line) => line.includes('/v1/datasets') && line.includes('400'))).toBe(true)
  expect(t.service.datasets.size).toBe(0)
})

test('a store that fails in the middle of an upload is answered, not waited for', async () => {
  const { addBlob } = t.service
  t.service.addBlob = async (content) => {
    content.resume()
    throw new Error('disk on fire')
  }
  const response = await upload(TRAIN, TEST, ['third', Buffer.alloc(10_000)])
  t.service.addBlob = addBlob
  expect(response.statusCode).toBe(500)
})

test('data sets are listed page by page and read with their files', async () => {
  const ids: string[] = []
  for (const name of ['a', 'b', 'c']) ids.push((await upload([name, name])).json<Dataset>().id)
  const read = async (url: string) => t.app.inject({ url, headers: as('reader') })
  const first = (await read('/v1/datasets?limit=2')).json<DatasetPage>()
  expect(first.items).toMatchObject([{ fileCount: 1, size: 1 }, { fileCount: 1 }])
  const rest = (await read(`/v1/datasets?limit=2&cursor=${first.nextCursor}`)).json<DatasetPage>()
  expect([...first.items, ...rest.items].map(({ id }) => id).sort()).toEqual(ids.sort())
  expect(rest.nextCursor).toBeNull()
  expect((await read(`/v1/datasets/${ids[0]}`)).json<Dataset>()).toEqual(t.service.datasets.get(ids[0] ?? ''))
  const missing = await read(`/v1/datasets/${'0'.repeat(64)}`)
  expect([missing.statusCode, missing.json<Problem>().code]).toEqual([404, 'dataset.not_found'])
})

test.each([
  ['POST', '/v1/datasets', 'reader', 403],
  ['POST', '/v1/datasets', 'worker', 403],
  ['GET', '/v1/datasets', 'writer', 403],
  ['GET', '/v1/datasets', 'worker', 403],
  ['GET', `/v1/datasets/${'0'.repeat(64)}`, 'worker', 404],
] as const)('%s %s with the key of the %s is answered with %i', async (method, url, role, status) => {
  const form = formOf([TRAIN])
  const headers = { ...as(role), 'content-type': form.headers.get('content-type') ?? '' }
  const payload = method === 'POST' ? { payload: Buffer.from(await form.arrayBuffer()) } : {}
  expect((await t.app.inject({ method, url, headers, ...payload })).statusCode).toBe(status)
})

const SOURCE = { name: 'mnist', balanced: true, seed: 0 }

test('a job may only name data sets that are there, for its own data and for every source', async () => {
  const { id } = (await upload(TRAIN)).json<Dataset>()
  const nowhere = 'f'.repeat(64)
  const submit = (data: object, sources: object) =>
    t.app.inject({
      method: 'POST',
      url: '/v1/jobs',
      headers: as('writer'),
      payload: { ...MINIMAL_JOB, data: { name: 'mnist', ...data }, sources },
    })
  const bad = await submit(
    { from: { upload: nowhere } },
    { unlabelled: { ...SOURCE, from: { upload: nowhere } }, good: { ...SOURCE, from: { upload: id } } },
  )
  expect(bad.statusCode).toBe(400)
  expect(faultsOf(bad)).toEqual(
    ['/data/from/upload', '/sources/unlabelled/from/upload'].map((path) => ({
      path,
      message: 'there is no such uploaded data set',
      expected: 'the id of a data set sent to POST /v1/datasets',
      received: nowhere,
    })),
  )
  expect((await submit({ from: { upload: id } }, {})).statusCode).toBe(201)
  expect((await submit({ from: { s3: 's3://some-bucket/prefix' } }, {})).statusCode).toBe(201)
  expect(faultsOf(await submit({}, { data: SOURCE }))).toMatchObject([{ path: '/sources/data' }])
})
