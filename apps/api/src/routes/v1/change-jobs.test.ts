import type { ChangedJobs, Problem } from '@stillhouse/spec'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { as, createTestApp, type TestApp } from '../../testing/test-app.ts'

let t: TestApp
const ID = '00000000-0000-4000-8000-000000000000'

beforeAll(async () => {
  t = createTestApp()
  await t.app.ready()
})
afterAll(async () => {
  expect(t.violations).toEqual([])
  await t.app.close()
})

const post = (payload?: object, role: 'writer' | 'reader' = 'writer') =>
  t.app.inject({ method: 'POST', url: '/v1/jobs/actions?team=red', headers: as(role), ...(payload && { payload }) })

test.each([
  { action: 'cancel', labels: { sweep: 'lr' }, state: 'queued', dryRun: true },
  { action: 'retry', ids: [ID], cursor: 'abc' },
  { action: 'set-priority', priority: 0, ids: [ID], labels: { a: '' } },
])('the wish %j is passed on for the team', async (change) => {
  const response = await post(change)
  expect(response.statusCode).toBe(200)
  expect(response.json<ChangedJobs>()).toMatchObject({ matched: 0, nextCursor: null })
  expect(t.service.calls.at(-1)).toEqual(['changeJobs', change])
  expect(t.service.teamsAsked.at(-1)).toBe('red')
})

test.each([
  [undefined, ''],
  [{ action: 'cancel' }, ''],
  [{ action: 'cancle', ids: [ID] }, '/action'],
  [{ action: 'cancel', labels: {} }, '/labels'],
  [{ action: 'cancel', ids: [] }, '/ids'],
  [{ action: 'cancel', ids: ['x'] }, '/ids/0'],
  [{ action: 'cancel', ids: [ID], priority: 5 }, '/priority'],
  [{ action: 'set-priority', ids: [ID] }, '/priority'],
  [{ action: 'set-priority', ids: [ID], priority: 101 }, '/priority'],
  [{ action: 'retry', labels: { 'a b': 'c' } }, '/labels/a b'],
  [{ action: 'retry', labels: { 'a\nb': 5 } }, '/labels/a\nb'],
])('the wish %j is refused at %s', async (change, path) => {
  const response = await post(change)
  expect(response.statusCode).toBe(400)
  expect(response.json<Problem>()).toMatchObject({ code: 'request.invalid', faults: [{ path }] })
})

test('who may only read changes nothing', async () => {
  expect((await post({ action: 'cancel', ids: [ID] }, 'reader')).statusCode).toBe(403)
})
