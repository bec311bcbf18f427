import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createTestApp, type TestApp } from '../testing/test-app.ts'

let t: TestApp

beforeAll(async () => {
  t = createTestApp()
  await t.app.ready()
})
beforeEach(() => {
  t.service.state.ready = true
  t.service.state.failWith = null
})
afterAll(async () => {
  expect(t.violations).toEqual([])
  await t.app.close()
})

test('a process that answers is alive, whatever else is broken', async () => {
  t.service.state.failWith = new Error('database is gone')
  const response = await t.app.inject('/healthz')
  expect([response.statusCode, response.json()]).toEqual([200, { status: 'ok' }])
})

test('the service is ready when all it needs answers', async () => {
  const response = await t.app.inject('/readyz')
  expect([response.statusCode, response.json()]).toEqual([200, { database: true, queue: true, artifacts: true }])
})

test('the service is not ready when one part is missing, and says which', async () => {
  t.service.state.ready = false
  const response = await t.app.inject('/readyz')
  expect([response.statusCode, response.json()]).toEqual([503, { database: true, queue: false, artifacts: true }])
})

test('a check that fails by itself is an answer too', async () => {
  t.service.state.failWith = new Error('connect ECONNREFUSED')
  const response = await t.app.inject('/readyz')
  expect([response.statusCode, response.json()]).toEqual([503, { database: false, queue: false, artifacts: false }])
  expect(response.body).not.toContain('ECONNREFUSED')
})
