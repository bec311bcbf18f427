import type { ApiKeyPage, IssuedKey, Problem } from '@stillhouse/spec'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { as, createTestApp, type TestApp } from '../../testing/test-app.ts'

let t: TestApp
const UNKNOWN = '00000000-0000-4000-8000-000000000000'

beforeAll(async () => {
  t = createTestApp()
  await t.app.ready()
})
afterAll(async () => {
  expect(t.violations).toEqual([])
  await t.app.close()
})

const post = (url: string, payload?: object) =>
  t.app.inject({ method: 'POST', url, ...(payload && { payload }), headers: as('admin') })
const remove = (id: string) => t.app.inject({ method: 'DELETE', url: `/v1/keys/${id}`, headers: as('admin') })
const list = (query = '') => t.app.inject({ url: `/v1/keys${query}`, headers: as('admin') })

test('a key is made, listed without its secret, rotated and revoked', async () => {
  const expiresAt = '2099-01-01T00:00:00Z'
  const made = await post('/v1/keys', { name: 'nightly run', team: 'red', scopes: ['jobs:read'], expiresAt })
  expect([made.statusCode, made.headers['cache-control']]).toEqual([201, 'no-store'])
  const { key, secret } = made.json<IssuedKey>()
  expect(key).toMatchObject({ name: 'nightly run', team: 'red', scopes: ['jobs:read'], expiresAt, revokedAt: null })
  expect((await list()).body).not.toContain(secret)
  const rotated = await post(`/v1/keys/${key.id}/rotate?graceSeconds=60`)
  expect([rotated.statusCode, rotated.headers['cache-control']]).toEqual([200, 'no-store'])
  expect(t.service.calls.at(-1)).toEqual(['rotateKey', key.id, 60])
  await post(`/v1/keys/${key.id}/rotate`)
  expect(t.service.calls.at(-1)).toEqual(['rotateKey', key.id, 0])
  expect((await remove(key.id)).statusCode).toBe(204)
  expect((await list()).json<ApiKeyPage>().items[0]?.revokedAt).not.toBeNull()
})

test('keys are listed by team and page', async () => {
  await list('?team=red&limit=3&cursor=abc')
  expect(t.service.calls.at(-1)).toEqual(['listKeys', { team: 'red', limit: 3, cursor: 'abc' }])
})

test('an unknown key is not found', async () => {
  for (const response of [await post(`/v1/keys/${UNKNOWN}/rotate`), await remove(UNKNOWN)])
    expect([response.statusCode, response.json<Problem>().code]).toEqual([404, 'key.not_found'])
})

test.each([
  [{ name: 'x', scopes: [] }, '/scopes'],
  [{ name: 'x', scopes: ['root'] }, '/scopes/0'],
  [{ name: 'x', scopes: ['admin', 'admin'] }, '/scopes'],
  [{ name: 'a\u0000b', scopes: ['admin'] }, '/name'],
  [{ name: 'x', scopes: ['admin'], team: 'a\u0000' }, '/team'],
  [{ name: 'x', scopes: ['admin'], expiresAt: 'tomorrow' }, '/expiresAt'],
  [{ name: 'x', scopes: ['admin'], expiresAt: '2099-01-01T00:00:00+17:39' }, '/expiresAt'],
  [{ name: 'x', scopes: ['admin'], secret: 'mine' }, '/secret'],
])('the key %j is refused at %s', async (key, path) => {
  const response = await post('/v1/keys', key)
  expect(response.statusCode).toBe(400)
  expect(response.json<Problem>().faults?.map((fault) => fault.path)).toContain(path)
})

test.each(['-1', '604801', '1.5', 'long'])('a time of grace of %s seconds is refused', async (seconds) => {
  const response = await post(`/v1/keys/${UNKNOWN}/rotate?graceSeconds=${seconds}`)
  expect(response.json<Problem>().faults).toMatchObject([{ path: '/query/graceSeconds' }])
})
