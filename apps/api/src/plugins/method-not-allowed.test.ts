import type { Problem } from '@stillhouse/spec'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestApp, type TestApp } from '../testing/test-app.ts'

let t: TestApp
const JOB = '/v1/jobs/00000000-0000-4000-8000-000000000000'

beforeAll(async () => {
  t = createTestApp()
  await t.app.ready()
})
afterAll(() => t.app.close())

test.each([
  ['PUT', '/v1/jobs', 'GET, HEAD, POST'],
  ['DELETE', JOB, 'GET, HEAD, PATCH'],
  ['GET', `${JOB}/cancel`, 'POST'],
  ['HEAD', `${JOB}/cancel`, 'POST'],
  ['POST', `${JOB}/artifacts/export/model.json`, 'GET, HEAD'],
  ['POST', '/healthz', 'GET, HEAD'],
  ['POST', `/v1/blobs/${'a'.repeat(64)}`, 'GET, HEAD, PUT'],
  ['OPTIONS', '/v1/catalog', 'GET, HEAD'],
  ['POST', `${JOB}/events`, 'GET'],
] as const)('%s %s is not allowed, %s is', async (method, url, allowed) => {
  const response = await t.app.inject({ method, url, headers: { 'content-type': 'nonsense/x' } })
  expect(response.statusCode).toBe(405)
  expect(String(response.headers['allow']).split(', ').sort().join(', ')).toBe(allowed)
  if (method !== 'HEAD') expect(response.json<Problem>().code).toBe('route.method_not_allowed')
})
