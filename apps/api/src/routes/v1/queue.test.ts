import type { QueueView } from '@stillhouse/spec'
import { afterAll, beforeAll, expect, test } from 'vitest'
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

test('the queue is asked for as a whole or for one team', async () => {
  const get = (query: string) => t.app.inject({ url: `/v1/queue${query}`, headers: as('reader') })
  expect((await get('')).json<QueueView>()).toMatchObject({ slots: 2, busy: 1 })
  await get('?team=red&limit=3')
  expect(t.service.calls.slice(-2)).toEqual([
    ['showQueue', { limit: 50 }],
    ['showQueue', { limit: 3, team: 'red' }],
  ])
  expect((await get('?limit=201')).statusCode).toBe(400)
})
