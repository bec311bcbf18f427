import type { IssuedKey } from '@stillhouse/spec'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { KEYS } from '../testing/fake-service.ts'
import { as, createTestApp, MINIMAL_JOB, type TestApp } from '../testing/test-app.ts'

let t: TestApp

beforeAll(async () => {
  t = createTestApp()
  await t.app.ready()
})
afterAll(() => t.app.close())

test('a request leaves one line that says who, what and how it went', async () => {
  await t.app.inject({ url: '/v1/jobs?limit=5', headers: as('reader') })
  const lines = t.log.map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(lines.filter((line) => line['msg'] === 'request')).toMatchObject([
    {
      level: 30,
      method: 'GET',
      path: '/v1/jobs',
      status: 200,
      keyId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      version: '0.1.0',
    },
  ])
})

test('the lines of a request that is about a job carry the job, the attempt and the request', async () => {
  const submitted = await t.app.inject({ method: 'POST', url: '/v1/jobs', payload: MINIMAL_JOB, headers: as('writer') })
  const { id } = submitted.json<{ id: string }>()
  await t.app.inject({ url: `/v1/jobs/${id}`, headers: { ...as('reader'), 'x-request-id': 'mine' } })
  const report = { batch: 1, metrics: [], logs: [], events: [] }
  const url = `/v1/jobs/${id}/attempts/3/reports`
  await t.app.inject({ method: 'POST', url, payload: report, headers: as('worker') })
  const lines = t.log.map((line) => JSON.parse(line) as Record<string, unknown>).filter((line) => line['jobId'] === id)
  expect(lines.filter((line) => line['msg'] === 'request')).toMatchObject([
    { path: '/v1/jobs', status: 201, requestId: expect.any(String) },
    { path: `/v1/jobs/${id}`, status: 200, requestId: 'mine' },
    { path: url, attempt: 3 },
  ])
})

test('no key, header, query or body value ever reaches the log, whatever happens', async () => {
  const body = { ...MINIMAL_JOB, description: 'swordfish-in-the-body' }
  const wrong = { authorization: 'Bearer swordfish-wrong-key', cookie: 'swordfish=1' }
  await t.app.inject({ method: 'POST', url: '/v1/jobs', payload: body, headers: as('writer') })
  await t.app.inject({ method: 'POST', url: '/v1/jobs', payload: body, headers: as('reader') })
  await t.app.inject({
    method: 'POST',
    url: '/v1/jobs',
    payload: { ...body, extra: 'swordfish' },
    headers: as('admin'),
  })
  await t.app.inject({ url: '/v1/jobs?token=swordfish', headers: as('reader') })
  await t.app.inject({ url: '/v1/jobs', headers: wrong })
  await t.app.inject({ url: '/nowhere?key=swordfish', headers: wrong })
  t.service.state.failWith = new Error('connection lost')
  await t.app.inject({ url: '/v1/jobs/00000000-0000-4000-8000-000000000000', headers: as('reader') })
  await t.app.inject({ method: 'POST', url: '/v1/jobs', payload: body, headers: as('writer') })
  const log = t.log.join('')
  expect(log).toContain('connection lost')
  for (const secret of ['swordfish', 'Bearer', ...Object.values(KEYS)]) expect(log).not.toContain(secret)
})

test('the secret of a key is answered once and never logged, made or rotated, at the finest level of the log', async () => {
  t.service.state.failWith = null
  const payload = { name: 'ci', scopes: ['jobs:read'] }
  const made = await t.app.inject({ method: 'POST', url: '/v1/keys', payload, headers: as('admin') })
  const { key, secret } = made.json<IssuedKey>()
  const url = `/v1/keys/${key.id}/rotate`
  const rotated = (await t.app.inject({ method: 'POST', url, headers: as('admin') })).json<IssuedKey>()
  await t.app.inject({ url: '/v1/jobs', headers: { authorization: `Bearer ${secret}` } })
  expect(rotated.secret).not.toBe(secret)
  const log = t.log.join('')
  expect(log).toContain(`"path":"${url}"`)
  for (const told of [secret, rotated.secret]) expect(log).not.toContain(told)
})
