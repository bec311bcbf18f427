import type { ModelFiles, Problem, UploadedModel } from '@stillhouse/spec'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sha256 } from '../../testing/fake-service.ts'
import { as, createTestApp, type TestApp } from '../../testing/test-app.ts'

let t: TestApp
const LIMIT = 50_000

beforeAll(async () => {
  t = createTestApp({ config: { modelLimit: LIMIT } })
  await t.app.ready()
})
afterAll(async () => {
  expect(t.violations).toEqual([])
  await t.app.close()
})

type Files = Record<string, string | Buffer>

async function upload(format: string, files: Files, role: Parameters<typeof as>[0] = 'admin') {
  const form = new FormData()
  for (const [name, content] of Object.entries(files)) form.append(name, new Blob([content as BlobPart]), 'file')
  const body = new Response(form)
  return t.app.inject({
    method: 'POST',
    url: `/v1/models?format=${format}`,
    headers: { ...as(role), 'content-type': body.headers.get('content-type') ?? '' },
    payload: Buffer.from(await body.arrayBuffer()),
  })
}

const GRAPH = Buffer.from('080112040a020801', 'hex')
const INDEX = Buffer.concat([Buffer.from('entries'), Buffer.from('57fb808b247547db', 'hex')])
const SAVED_MODEL = {
  'saved_model.pb': GRAPH,
  'variables/variables.index': INDEX,
  'variables/variables.data-00000-of-00002': 'first',
  'variables/variables.data-00001-of-00002': 'second',
}
const graphJson = (...paths: string[]) =>
  JSON.stringify({ format: 'graph-model', modelTopology: { node: [] }, weightsManifest: [{ paths, weights: [] }] })
const TFJS_GRAPH = { 'model.json': graphJson('group1-shard1of1.bin'), 'group1-shard1of1.bin': 'weights' }
const ONNX = { 'model.onnx': Buffer.from('0809120474657374', 'hex') }

describe('a graph sent as a teacher', () => {
  it.each<[string, Files]>([
    ['saved-model', SAVED_MODEL],
    ['saved-model', { 'saved_model.pb': GRAPH, 'fingerprint.pb': 'x' }],
    ['tfjs-graph', TFJS_GRAPH],
    ['onnx', ONNX],
  ])('in the format %s is stored by its content, whatever the order of its files', async (format, files) => {
    const response = await upload(format, files)
    const model = response.json<UploadedModel>()
    expect(response.statusCode).toBe(201)
    expect(response.headers['location']).toBe(`/v1/models/${model.id}`)
    const size = Object.values(files).reduce((sum, content) => sum + content.length, 0)
    expect(model).toMatchObject({ format, inputShape: [], outputShape: [], params: 0, size })
    const stored = t.service.models.get(model.id)?.files as ModelFiles
    expect(stored.format).toBe(format)
    expect(stored.files.map(({ path, sha256: digest }) => [path, digest])).toEqual(
      Object.entries(files)
        .map(([name, content]) => [name, sha256(content)])
        .sort(),
    )
    for (const { sha256: digest } of stored.files) expect(t.service.blobs.has(digest)).toBe(true)
    const again = await upload(format, Object.fromEntries(Object.entries(files).toReversed()))
    expect(again.json<UploadedModel>().id).toBe(model.id)
  })

  it('has another id when one file has another name or content', async () => {
    const id = async (files: Files) => (await upload('saved-model', files)).json<UploadedModel>().id
    const first = await id({ 'saved_model.pb': GRAPH, 'fingerprint.pb': 'x' })
    expect(await id({ 'saved_model.pb': GRAPH, 'keras_metadata.pb': 'x' })).not.toBe(first)
    expect(await id({ 'saved_model.pb': GRAPH, 'fingerprint.pb': 'y' })).not.toBe(first)
  })

  it('needs a scope for those who are trusted, since it is a program', async () => {
    for (const [format, files] of Object.entries({
      'saved-model': SAVED_MODEL,
      'tfjs-graph': TFJS_GRAPH,
      onnx: ONNX,
    })) {
      for (const role of ['writer', 'teamAdmin'] as const) {
        const stored = t.service.blobs.size
        const response = await upload(format, { ...files, 'never-read': 'x' }, role)
        expect(response.statusCode).toBe(403)
        expect(response.json<Problem>().detail).toMatch(
          /programs that run on the workers. Expected the scope models:trusted/,
        )
        expect(t.service.blobs.size).toBe(stored)
      }
      expect((await upload(format, files, 'teamTrusted')).statusCode).toBe(201)
    }
  })

  it.each<[string, string, Files, string]>([
    ['no graph', 'saved-model', { 'fingerprint.pb': 'x' }, '/saved_model.pb'],
    ['another file for a graph', 'saved-model', { 'saved_model.pb': 'PK' }, '/saved_model.pb'],
    ['no index', 'saved-model', without('variables.index'), '/variables'],
    ['a shard too few', 'saved-model', without('data-00001'), '/variables'],
    [
      'a shard of a million',
      'saved-model',
      { 'saved_model.pb': GRAPH, 'variables/variables.index': INDEX, 'variables/variables.data-00000-of-99999': 'x' },
      '/variables',
    ],
    [
      'an index that is cut off',
      'saved-model',
      { ...SAVED_MODEL, 'variables/variables.index': INDEX.subarray(0, -1) },
      '/variables/variables.index',
    ],
    ['a LayersModel', 'tfjs-graph', { 'model.json': '{"format": "layers-model"}' }, '/model.json'],
    [
      'a missing shard',
      'tfjs-graph',
      { 'model.json': graphJson('a.bin', 'b.bin'), 'a.bin': 'x' },
      '/model.json/weightsManifest',
    ],
    ['another version', 'onnx', { 'model.onnx': Buffer.from('08ff01', 'hex') }, '/model.onnx'],
    ['an empty file', 'onnx', { 'model.onnx': '' }, '/model.onnx'],
  ])('with %s is refused, and not stored', async (_, format, files, path) => {
    const stored = t.service.models.size
    const response = await upload(format, files)
    expect(response.statusCode).toBe(422)
    expect(response.json<Problem>()).toMatchObject({ code: 'model.invalid', faults: [{ path }] })
    expect(t.service.models.size).toBe(stored)
  })

  it.each<[string, string]>([
    ['saved-model', '../saved_model.pb'],
    ['saved-model', 'assets/vocabulary.txt'],
    ['saved-model', 'variables/variables.data-1-of-1'],
    ['tfjs-graph', 'code.js'],
    ['onnx', 'model.onnx.data'],
  ])('of the format %s may not hold %s', async (format, name) => {
    const response = await upload(format, { [name]: 'x' })
    expect(response.statusCode).toBe(400)
    expect(response.json<Problem>().faults).toMatchObject([{ path: `/${name}`, received: name }])
  })

  it('is refused above the limit, as one file or as many', async () => {
    const half = Buffer.alloc(LIMIT / 2 + 1)
    expect((await upload('onnx', { 'model.onnx': Buffer.alloc(LIMIT + 1) })).statusCode).toBe(413)
    const two = await upload('tfjs-graph', { 'a.bin': half, 'b.bin': half })
    expect(two.statusCode).toBe(413)
  })

  it('of an unknown format is refused with those there are', async () => {
    const response = await upload('pickle', {})
    expect(response.statusCode).toBe(400)
    expect(response.json<Problem>().faults?.[0]?.expected).toMatch(/saved-model/)
  })
})

function without(part: string): Files {
  return Object.fromEntries(Object.entries(SAVED_MODEL).filter(([name]) => !name.includes(part)))
}
