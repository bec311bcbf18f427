import { createHash, hash, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { mayPass } from './api-failure.ts'
import { createClientWorkerApi } from './client-worker-api.ts'
import { createFakeService, FakeProblem, type FakeService } from './testing/fake-service.ts'
import { FAKE_TOKEN, type FakeApi, serveFakeService } from './testing/serve-fake-service.ts'
import type { WorkerApi } from './worker-api.ts'

let dir = ''
let service: FakeService
let server: FakeApi
let api: WorkerApi
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'stillhouse-http-'))
  service = createFakeService()
  server = await serveFakeService(service)
  api = createClientWorkerApi({ url: `${server.url}/`, token: FAKE_TOKEN })
})
afterEach(async () => {
  await server.close()
  await rm(dir, { recursive: true, force: true })
})

it('sends a file and fetches it back, byte for byte', async () => {
  const content = randomBytes(3_000_000)
  const sha256 = hash('sha256', content)
  const [source, target] = [join(dir, 'source'), join(dir, 'target')]
  await writeFile(source, content)
  expect(await api.hasBlob(sha256)).toBe(false)
  await api.putBlob(sha256, source)
  expect(await api.hasBlob(sha256)).toBe(true)
  await api.getBlob(sha256, target)
  expect((await readFile(target)).equals(content)).toBe(true)
})

it('sends and fetches an empty file', async () => {
  const sha256 = createHash('sha256').digest('hex')
  await writeFile(join(dir, 'empty'), '')
  await api.putBlob(sha256, join(dir, 'empty'))
  await api.getBlob(sha256, join(dir, 'target'))
  expect(await readFile(join(dir, 'target'))).toHaveLength(0)
})

it('says which file is missing instead of how the upload broke off', async () => {
  await expect(api.putBlob('a'.repeat(64), join(dir, 'gone'))).rejects.toThrow(/ENOENT.*gone/)
})

it('gives an error the status, code and detail of the problem document', async () => {
  await expect(api.getTeacher('b'.repeat(64))).rejects.toMatchObject({
    status: 404,
    code: 'model.not_found',
    message: 'nobody has it',
  })
})

it('passes an answer that is no problem document on as it is', async () => {
  service.before = () => {
    throw new FakeProblem(503, 'service.unavailable', 'the database is away')
  }
  await expect(api.claim('x', { workerId: 'w', attempt: 1 })).rejects.toMatchObject({
    status: 503,
    message: expect.stringContaining('the database is away'),
  })
})

it('names a token that the API does not take', async () => {
  const stranger = createClientWorkerApi({ url: server.url, token: 'other' })
  await expect(stranger.getTeacher('a'.repeat(64))).rejects.toMatchObject({ status: 401 })
})

it('rejects with an error that may pass when nobody listens', async () => {
  await server.close()
  const error = await api.deregister('w').catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(Error)
  expect(mayPass(error)).toBe(true)
})
