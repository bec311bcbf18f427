import { ApiError } from '@stillhouse/kit'
import type { Problem } from '@stillhouse/spec'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { KEYS, TEAM } from '../testing/fake-service.ts'
import { as, createTestApp, type TestApp } from '../testing/test-app.ts'

let t: TestApp
const JOB = '/v1/jobs/00000000-0000-4000-8000-000000000000'
const DIGEST = 'a'.repeat(64)

beforeAll(async () => {
  t = createTestApp()
  await t.app.ready()
})
afterAll(async () => {
  expect(t.violations).toEqual([])
  await t.app.close()
})

test('a request without a key is told how to send one', async () => {
  const response = await t.app.inject('/v1/jobs')
  expect(response.statusCode).toBe(401)
  expect(response.headers['www-authenticate']).toBe('Bearer realm="stillhouse"')
  expect(response.json<Problem>().code).toBe('auth.missing')
})

test.each([
  'Bearer nobody-has-this-key',
  'Bearer',
  'Bearer  ',
  `Basic ${KEYS.admin}`,
  KEYS.admin,
  `Bearer ${'x'.repeat(600)}`,
])('the Authorization "%s" is no valid key', async (authorization) => {
  const response = await t.app.inject({ url: '/v1/jobs', headers: { authorization } })
  expect(response.statusCode).toBe(401)
  expect(response.headers['www-authenticate']).toContain('error="invalid_token"')
  expect(response.json<Problem>().code).toBe('auth.invalid')
})

test('the scheme is read in any case', async () => {
  const response = await t.app.inject({ url: '/v1/jobs', headers: { authorization: `bEARER ${KEYS.reader}` } })
  expect(response.statusCode).toBe(200)
})

const SCOPES = [
  ['GET', '/v1/jobs', ['reader']],
  ['POST', '/v1/jobs', ['writer']],
  ['POST', '/v1/jobs/validate', ['reader', 'writer']],
  ['GET', JOB, ['reader']],
  ['POST', `${JOB}/cancel`, ['writer']],
  ['POST', `${JOB}/retry`, ['writer']],
  ['GET', `${JOB}/metrics`, ['reader']],
  ['GET', `${JOB}/logs`, ['reader']],
  ['GET', `${JOB}/events`, ['reader']],
  ['GET', `${JOB}/artifacts`, ['reader']],
  ['GET', `${JOB}/artifacts/a.txt`, ['reader']],
  ['HEAD', `${JOB}/artifacts/a.txt`, ['reader']],
  ['GET', '/v1/catalog', ['reader']],
  ['GET', '/v1/queue', ['reader']],
  ['PATCH', JOB, ['writer']],
  ['POST', '/v1/jobs/actions', ['writer']],
  ['POST', '/v1/job-graphs', ['writer']],
  ['POST', '/v1/job-graphs/validate', ['reader', 'writer']],
  ['GET', '/v1/mends', []],
  ['POST', '/v1/reconcile', []],
  ['GET', '/v1/workers', ['reader']],
  ['PATCH', '/v1/workers/00000000-0000-4000-8000-000000000000', []],
  ['POST', '/v1/models', ['writer']],
  ['GET', `/v1/models/${DIGEST}`, ['reader', 'worker']],
  ['GET', `/v1/models/${DIGEST}/files`, ['reader', 'worker']],
  ['POST', '/v1/datasets', ['writer']],
  ['GET', '/v1/datasets', ['reader']],
  ['GET', `/v1/datasets/${DIGEST}`, ['reader', 'worker']],
  ['GET', `${JOB}/model`, ['reader', 'worker']],
  ['GET', '/v1/me', ['reader', 'writer', 'worker']],
  ['POST', '/v1/teams', []],
  ['GET', '/v1/teams', []],
  ['GET', '/v1/teams/red', []],
  ['PATCH', '/v1/teams/red', []],
  ['POST', '/v1/keys', []],
  ['GET', '/v1/keys', []],
  ['POST', '/v1/keys/00000000-0000-4000-8000-000000000000/rotate', []],
  ['DELETE', '/v1/keys/00000000-0000-4000-8000-000000000000', []],
  ['POST', '/v1/webhooks', []],
  ['GET', '/v1/webhooks', []],
  ['DELETE', '/v1/webhooks/00000000-0000-4000-8000-000000000000', []],
  ['GET', '/v1/webhooks/00000000-0000-4000-8000-000000000000/deliveries', []],
  ['POST', '/v1/webhooks/00000000-0000-4000-8000-000000000000/deliveries/1/replay', []],
  ['GET', '/v1/audit', []],
  ['POST', '/v1/workers', ['worker']],
  ['POST', '/v1/workers/00000000-0000-4000-8000-000000000000/heartbeat', ['worker']],
  ['DELETE', '/v1/workers/00000000-0000-4000-8000-000000000000', ['worker']],
  ['POST', `${JOB}/claim`, ['worker']],
  ['POST', `${JOB}/attempts/1/reports`, ['worker']],
  ['POST', `${JOB}/attempts/1/checkpoints`, ['worker']],
  ['POST', `${JOB}/attempts/1/artifacts`, ['worker']],
  ['POST', `${JOB}/attempts/1/outcome`, ['worker']],
  ['GET', `/v1/teachers/${DIGEST}`, ['worker']],
  ['PUT', `/v1/teachers/${DIGEST}`, ['worker']],
  ['PUT', `/v1/blobs/${DIGEST}`, ['worker']],
  ['HEAD', `/v1/blobs/${DIGEST}`, ['worker']],
  ['GET', `/v1/blobs/${DIGEST}`, ['worker']],
] as const

test.each(SCOPES)('%s %s is open to admin, to %o, and to nobody else', async (method, url, allowed) => {
  for (const role of ['admin', 'reader', 'writer', 'worker'] as const) {
    const { statusCode, headers } = await t.app.inject({ method, url, headers: as(role) })
    const open = role === 'admin' || (allowed as readonly string[]).includes(role)
    expect([role, statusCode === 403]).toEqual([role, !open])
    if (!open) expect(headers['www-authenticate']).toContain('error="insufficient_scope"')
  }
  expect((await t.app.inject({ method, url })).statusCode).toBe(401)
})

test.each(SCOPES)(
  '%s %s is open to the administrator of a team unless only workers may, see %o',
  async (method, url, allowed) => {
    const { statusCode } = await t.app.inject({ method, url, headers: as('teamAdmin') })
    expect(statusCode === 403).toBe(`${allowed}` === 'worker')
  },
)

test('whatever a route does, it does for the key that called and under the id of the request', async () => {
  const headers = { ...as('teamReader'), 'x-request-id': 'request-17' }
  await t.app.inject({ url: '/v1/jobs', headers })
  const key = t.service.keys.get(KEYS.teamReader)
  expect(t.service.callers.at(-1)).toEqual({
    keyId: key?.id,
    keyName: 'teamReader',
    scopes: ['jobs:read'],
    teamId: TEAM.id,
    requestId: 'request-17',
  })
})

test('a key that is no longer valid is told what became of it', async () => {
  const other = createTestApp()
  other.service.authenticate = async () => {
    throw new ApiError('auth.invalid', 'The API key "ci" expired at 2026-01-01T00:00:00.000Z.')
  }
  const response = await other.app.inject({ url: '/v1/jobs', headers: as('reader') })
  expect([response.statusCode, response.json<Problem>().detail]).toEqual([401, expect.stringContaining('expired at')])
  expect(response.headers['www-authenticate']).toContain('error="invalid_token"')
  expect(other.violations).toEqual([])
  await other.app.close()
})

test('every route with a key is in the table above', () => {
  const paths = Object.entries(t.app.swagger().paths ?? {})
  const secured = paths.flatMap(([path, operations]) =>
    Object.entries(operations ?? {})
      .filter(([, operation]) => ((operation as { security?: unknown[] }).security ?? []).length > 0)
      .map(([method]) => `${method.toUpperCase()} ${path}`),
  )
  expect(SCOPES).toHaveLength(secured.length)
})

test.each(['/healthz', '/readyz', '/openapi.json', '/docs/', '/metrics'])('%s needs no key', async (url) => {
  expect((await t.app.inject(url)).statusCode).toBe(200)
})

test('a stranger cannot make the service read a body', async () => {
  const headers = { 'content-type': 'application/json' }
  const response = await t.app.inject({ method: 'POST', url: '/v1/jobs', headers, payload: '{broken' })
  expect(response.statusCode).toBe(401)
})

test('metrics may be kept for holders of a key', async () => {
  const closed = createTestApp({ config: { metricsPublic: false } })
  expect((await closed.app.inject('/metrics')).statusCode).toBe(401)
  expect((await closed.app.inject({ url: '/metrics', headers: as('worker') })).statusCode).toBe(403)
  expect((await closed.app.inject({ url: '/metrics', headers: as('reader') })).statusCode).toBe(200)
  for (const role of ['teamReader', 'teamAdmin'] as const)
    expect((await closed.app.inject({ url: '/metrics', headers: as(role) })).statusCode).toBe(403)
  expect(closed.violations).toEqual([])
  await closed.app.close()
})
