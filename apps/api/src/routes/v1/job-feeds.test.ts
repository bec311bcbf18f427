import type { Job, LogPage, MetricPage, Problem } from '@stillhouse/spec'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { as, createTestApp, MINIMAL_JOB, type TestApp } from '../../testing/test-app.ts'

let t: TestApp
let id = ''

beforeAll(async () => {
  t = createTestApp()
  await t.app.ready()
  const response = await t.app.inject({ method: 'POST', url: '/v1/jobs', payload: MINIMAL_JOB, headers: as('writer') })
  id = response.json<Job>().id
  const points = Array.from({ length: 2500 }, (_, i) => ({
    seq: i + 1,
    name: i % 2 === 0 ? 'loss' : 'accuracy, "top 1"',
    stage: 'student',
    step: i,
    epoch: i / 100,
    value: 1 / (i + 1),
  }))
  t.service.metrics.set(id, points)
  t.service.logs.set(id, [
    { seq: 1, attempt: 1, at: '2026-01-02T03:04:05.000Z', level: 'info', message: 'begins' },
    { seq: 2, attempt: 1, at: '2026-01-02T03:04:06.000Z', level: 'warn', message: 'two\nlines' },
  ])
})
afterAll(async () => {
  expect(t.violations).toEqual([])
  await t.app.close()
})

const get = (path: string, accept?: string) =>
  t.app.inject({ url: `/v1/jobs/${id}${path}`, headers: { ...as('reader'), ...(accept ? { accept } : {}) } })

test('metrics are read page by page, none lost and none twice', async () => {
  const seen: number[] = []
  for (let after = 0; ; ) {
    const page = (await get(`/metrics?after=${after}`)).json<MetricPage>()
    if (page.items.length === 0) break
    seen.push(...page.items.map((point) => point.seq))
    after = page.lastSeq
  }
  expect(seen).toEqual(Array.from({ length: 2500 }, (_, i) => i + 1))
})

test('metrics of one name are read alone', async () => {
  const page = (await get('/metrics?name=loss&limit=3&after=1')).json<MetricPage>()
  expect(page.items.every((point) => point.name === 'loss')).toBe(true)
  expect(page).toMatchObject({ complete: false })
})

test('metrics come as CSV when asked for', async () => {
  const response = await get('/metrics?limit=2', 'text/csv')
  expect(response.headers).toMatchObject({
    'content-type': 'text/csv; charset=utf-8',
    'x-last-seq': '2',
    'x-complete': 'false',
  })
  expect(response.body).toBe(
    'seq,name,stage,step,epoch,value\n1,loss,student,0,0,1\n2,"accuracy, ""top 1""",student,1,0.01,0.5\n',
  )
})

test('logs are read as JSON, or as lines when asked for', async () => {
  const page = (await get('/logs?after=1')).json<LogPage>()
  expect(page).toMatchObject({ items: [{ seq: 2, level: 'warn' }], lastSeq: 2, complete: false })
  const response = await get('/logs', 'text/plain')
  expect(response.body).toBe(
    '2026-01-02T03:04:05.000Z info  attempt 1: begins\n2026-01-02T03:04:06.000Z warn  attempt 1: two\n  lines\n',
  )
})

test.each([
  '/metrics?after=-1',
  '/metrics?limit=0',
  '/metrics?limit=1001',
  '/metrics?name=',
  '/metrics?name=%00',
  '/logs?name=x',
  '/logs?after=1e9',
  '/metrics?after=99999999999',
])('%s is refused', async (path) => {
  const response = await get(path)
  expect(response.statusCode).toBe(400)
  expect(response.json<Problem>().faults).toHaveLength(1)
})
