import type { MendPage, Problem, Reconciliation } from '@stillhouse/spec'
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

test('mends are read by kind, page by page', async () => {
  const headers = as('admin')
  expect((await t.app.inject({ url: '/v1/mends', headers })).json<MendPage>().items).toMatchObject([
    { kind: 'queue.extra' },
  ])
  expect(t.service.calls.at(-1)).toEqual(['listMends', { limit: 50 }])
  await t.app.inject({ url: '/v1/mends?kind=blob.orphaned&limit=7&cursor=Nw', headers })
  expect(t.service.calls.at(-1)).toEqual(['listMends', { kind: 'blob.orphaned', limit: 7, cursor: 'Nw' }])
  const refused = await t.app.inject({ url: '/v1/mends?kind=luck', headers })
  expect([refused.statusCode, refused.json<Problem>().faults?.[0]?.path]).toEqual([400, '/query/kind'])
})

test('a reconciliation is asked for, dry or in earnest, and goes on from a cursor', async () => {
  const ask = (query: string) => t.app.inject({ method: 'POST', url: `/v1/reconcile${query}`, headers: as('admin') })
  expect((await ask('')).json<Reconciliation>()).toMatchObject({ dryRun: false, walked: 3 })
  expect(t.service.calls.at(-1)).toEqual(['reconcile', { dryRun: false }])
  expect((await ask('?dryRun=true&cursor=Ymxv')).json<Reconciliation>().dryRun).toBe(true)
  expect(t.service.calls.at(-1)).toEqual(['reconcile', { dryRun: true, cursor: 'Ymxv' }])
  expect((await ask('?dryRun=perhaps')).statusCode).toBe(400)
})

test('whoever is no administrator may do neither', async () => {
  for (const [method, url] of [
    ['GET', '/v1/mends'],
    ['POST', '/v1/reconcile'],
  ] as const)
    expect((await t.app.inject({ method, url, headers: as('writer') })).statusCode).toBe(403)
})
