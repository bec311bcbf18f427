import type { Problem, UploadedModel } from '@stillhouse/spec'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { ModelCheck } from '../../context.ts'
import { sha256 } from '../../testing/fake-service.ts'
import { as, createTestApp, type TestApp } from '../../testing/test-app.ts'

let t: TestApp
let check: (json: unknown, weightBytes: Uint8Array) => ModelCheck
const LIMIT = 50_000

beforeAll(async () => {
  t = createTestApp({ config: { modelLimit: LIMIT }, checkModel: (json, bytes) => check(json, bytes) })
  await t.app.ready()
})
beforeEach(() => {
  check = () => ({ ok: true, inputShape: [28, 28, 1], outputShape: [10], params: 7850 })
})
afterAll(async () => {
  expect(t.violations).toEqual([])
  await t.app.close()
})

const JSON_PART = ['model.json', '{"modelTopology": {}}', 'application/json'] as const
const WEIGHTS = Buffer.from(Array.from({ length: 2000 }, (_, i) => i % 251))
const WEIGHT_PART = ['model.weights.bin', WEIGHTS, 'application/octet-stream'] as const

async function upload(...parts: (readonly [string, string | Buffer, string])[]) {
  const form = new FormData()
  for (const [name, content, type] of parts) form.append(name, new Blob([content as BlobPart], { type }), name)
  return send(new Response(form))
}

async function send(body: Response, headers: Record<string, string> = {}) {
  return t.app.inject({
    method: 'POST',
    url: '/v1/models',
    headers: { ...as('writer'), 'content-type': body.headers.get('content-type') ?? '', ...headers },
    payload: Buffer.from(await body.arrayBuffer()),
  })
}

test('what tfjs sends becomes a model under the digest of its bytes', async () => {
  let seen: unknown[] = []
  check = (...given) => {
    seen = given
    return { ok: true, inputShape: [28, 28, 1], outputShape: [10], params: 7850 }
  }
  const response = await upload(JSON_PART, WEIGHT_PART)
  const model = response.json<UploadedModel>()
  expect(response.statusCode).toBe(201)
  expect(response.headers['location']).toBe(`/v1/models/${model.id}`)
  expect(model).toMatchObject({
    id: sha256(Buffer.concat([Buffer.from(JSON_PART[1]), WEIGHTS])),
    format: 'tfjs-layers',
    inputShape: [28, 28, 1],
    outputShape: [10],
    params: 7850,
    size: 2021,
  })
  expect(seen).toEqual([{ modelTopology: {} }, WEIGHTS])
  expect(t.service.models.get(model.id)?.files.files).toEqual([
    { path: 'model.json', sha256: sha256(JSON_PART[1]), size: 21, contentType: 'application/json' },
    { path: 'model.weights.bin', sha256: sha256(WEIGHTS), size: 2000, contentType: 'application/octet-stream' },
  ])
  expect(t.service.blobs.get(sha256(WEIGHTS))?.equals(WEIGHTS)).toBe(true)
})

test('the order of the parts does not matter, and a repeat is the same model', async () => {
  const [first, second] = [await upload(JSON_PART, WEIGHT_PART), await upload(WEIGHT_PART, JSON_PART)]
  expect(second.statusCode).toBe(201)
  expect(second.json<UploadedModel>().id).toBe(first.json<UploadedModel>().id)
})

test('a model that cannot be used is refused with its faults, and not stored', async () => {
  const fault = { path: '/modelTopology', message: 'no layers', expected: 'layers', received: 'nothing' }
  check = () => ({ ok: false, faults: [fault] })
  const response = await upload(['model.json', '{"other": 1}', 'application/json'], WEIGHT_PART)
  expect(response.statusCode).toBe(422)
  expect(response.json<Problem>()).toMatchObject({ code: 'model.invalid', faults: [fault] })
  expect(t.service.blobs.has(sha256('{"other": 1}'))).toBe(false)
})

test('a model.json that is not JSON is refused with its place', async () => {
  const response = await upload(['model.json', '{"a":\n!}', 'application/json'], WEIGHT_PART)
  expect(response.statusCode).toBe(400)
  expect(response.json<Problem>().detail).toContain('line 2, column 1')
})

test('a missing part is named', async () => {
  const response = await upload(JSON_PART)
  expect(response.statusCode).toBe(400)
  expect(response.json<Problem>().faults).toMatchObject([{ message: 'a part is missing', received: 'model.json' }])
})

test.each([
  ['another part', ['evil.exe', 'x', 'application/octet-stream']],
  ['a path as name', ['../model.json', 'x', 'application/json']],
  ['a part twice', ['model.json', '{}', 'application/json']],
] as const)('%s is refused by its name', async (_what, part) => {
  const response = await upload(JSON_PART, part)
  expect(response.statusCode).toBe(400)
  expect(response.json<Problem>().faults).toMatchObject([
    { message: 'a model has one model.json and one model.weights.bin', received: part[0] },
  ])
})

test('more parts than a model has are refused', async () => {
  const response = await upload(JSON_PART, WEIGHT_PART, ['third', 'x', 'text/plain'])
  expect(response.statusCode).toBe(400)
})

test('weights over the limit are refused', async () => {
  const response = await upload(JSON_PART, ['model.weights.bin', Buffer.alloc(LIMIT + 1), 'application/octet-stream'])
  expect(response.statusCode).toBe(413)
  expect(response.json<Problem>().detail).toContain(String(LIMIT))
})

test('a body that is no form is refused', async () => {
  expect((await send(new Response('{}', { headers: { 'content-type': 'application/json' } }))).statusCode).toBe(415)
})

test.each([
  ['without boundary', 'multipart/form-data'],
  ['cut off', 'multipart/form-data; boundary=abc'],
])('a form that is %s is refused', async (_what, type) => {
  const body = new Response(
    '--abc\r\ncontent-disposition: form-data; name="model.json"; filename="model.json"\r\n\r\n{"a"',
  )
  const response = await send(body, { 'content-type': type })
  expect(response.statusCode).toBe(400)
})
