import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { modelKind } from './model-kind.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kind-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

it.each([
  ['saved_model.pb', 'x', 'saved-model'],
  ['model.onnx', 'x', 'onnx'],
  ['model.json', '{"format": "graph-model"}', 'tfjs-graph'],
  ['model.json', '{"format": "layers-model"}', 'tfjs-layers'],
  ['model.json', '{', 'tfjs-layers'],
  ['other', 'x', 'tfjs-layers'],
])('a folder with %s holding %s is a %s', async (name, content, kind) => {
  await writeFile(join(dir, name), content)
  expect(await modelKind(dir)).toBe(kind)
})

it('a folder that is not there is left to whoever opens it', async () => {
  expect(await modelKind(join(dir, 'nowhere'))).toBe('tfjs-layers')
})
