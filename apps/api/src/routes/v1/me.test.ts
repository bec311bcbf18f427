import type { Me } from '@stillhouse/spec'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { KEYS } from '../../testing/fake-service.ts'
import { as, createTestApp, type TestApp } from '../../testing/test-app.ts'

let t: TestApp

beforeAll(async () => {
  t = createTestApp()
  await t.app.ready()
})
afterAll(async () => {
  expect(t.violations).toEqual([])
  await t.app.close()
})

test.each([
  ['teamReader', 'red', ['jobs:read']],
  ['worker', null, ['worker']],
] as const)('the key %s hears that its team is %s and its scopes are %o', async (role, team, scopes) => {
  const response = await t.app.inject({ url: '/v1/me', headers: as(role) })
  const { id } = t.service.keys.get(KEYS[role]) ?? {}
  expect(response.json<Me>()).toEqual({ id, name: role, team, scopes, expiresAt: null })
})
