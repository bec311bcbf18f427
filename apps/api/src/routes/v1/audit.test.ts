import type { AuditPage, Problem } from '@stillhouse/spec'
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

const get = (query: string) => t.app.inject({ url: `/v1/audit${query}`, headers: as('admin') })

test('the record is read by team, action and target, page by page', async () => {
  const entry = {
    id: 7,
    at: '2026-01-02T03:04:05.000Z',
    key: { id: '00000000-0000-7000-8000-000000000100', name: 'ci' },
    team: 'red',
    action: 'cancelJob',
    target: { kind: 'job', id: 'j1' },
    requestId: 'r1',
    detail: { state: 'queued' },
  } as const
  t.service.audit.push(entry)
  expect((await get('')).json<AuditPage>()).toEqual({ items: [entry], nextCursor: null })
  expect(t.service.calls.at(-1)).toEqual(['listAudit', { limit: 50 }])
  await get('?team=red&action=cancelJob&target=j1&limit=7&cursor=Nw')
  const filter = { team: 'red', action: 'cancelJob', target: 'j1', limit: 7, cursor: 'Nw' }
  expect(t.service.calls.at(-1)).toEqual(['listAudit', filter])
})

test.each([
  ['?action=dropTables', '/query/action'],
  ['?team=Red', '/query/team'],
  ['?target=', '/query/target'],
  ['?target=%00', '/query/target'],
])('the query %s is refused at %s', async (query, path) => {
  const response = await get(query)
  expect([response.statusCode, response.json<Problem>().faults?.map((fault) => fault.path)]).toEqual([400, [path]])
})
