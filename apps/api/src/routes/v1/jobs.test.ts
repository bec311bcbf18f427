import type { Job, JobPage, Problem } from '@stillhouse/spec'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { as, createTestApp, MINIMAL_JOB, type TestApp } from '../../testing/test-app.ts'

let t: TestApp
const ids: string[] = []
const UNKNOWN = '00000000-0000-4000-8000-000000000000'

beforeAll(async () => {
  t = createTestApp()
  await t.app.ready()
  for (const team of ['red', 'red', 'blue']) {
    const payload = { ...MINIMAL_JOB, labels: { team, 'x/y': 'a=b' } }
    const response = await t.app.inject({ method: 'POST', url: '/v1/jobs', payload, headers: as('writer') })
    ids.push(response.json<Job>().id)
  }
})
afterAll(async () => {
  expect(t.violations).toEqual([])
  await t.app.close()
})

const get = (url: string) => t.app.inject({ url, headers: as('reader') })
const post = (url: string) => t.app.inject({ method: 'POST', url, headers: as('writer') })

test('jobs are listed in pages', async () => {
  const first = (await get('/v1/jobs?limit=2')).json<JobPage>()
  expect(first.items).toHaveLength(2)
  const second = (await get(`/v1/jobs?limit=2&cursor=${first.nextCursor}`)).json<JobPage>()
  expect(second).toMatchObject({ nextCursor: null })
  expect([...first.items, ...second.items].map((job) => job.id).sort()).toEqual([...ids].sort())
})

test('jobs are found by state and by all of several labels', async () => {
  expect((await get('/v1/jobs?label=team%3Dred&state=queued')).json<JobPage>().items).toHaveLength(2)
  expect((await get('/v1/jobs?label=team=blue&label=x/y=a=b')).json<JobPage>().items).toHaveLength(1)
  expect((await get('/v1/jobs?state=failed')).json<JobPage>().items).toEqual([])
  expect(t.service.calls.at(-2)).toEqual(['listJobs', { labels: { team: 'blue', 'x/y': 'a=b' }, limit: 50 }])
})

test.each([
  ['state=done', '/query/state'],
  ['limit=0', '/query/limit'],
  ['limit=201', '/query/limit'],
  ['limit=1.5', '/query/limit'],
  ['limit=5&limit=6', '/query/limit'],
  ['label=team', '/query/label/0'],
  ['label==red', '/query/label/0'],
  ['label=a%3D%00', '/query/label/0'],
  ['label=team=red&label=team=blue', '/query/label/1'],
  ['cursor=', '/query/cursor'],
  ['cursor=%00', '/query/cursor'],
  ['page=2', '/query/page'],
  ['__proto__=x', '/query/__proto__'],
])('the query %s is refused at %s', async (query, path) => {
  const response = await get(`/v1/jobs?${query}`)
  expect(response.statusCode).toBe(400)
  expect(response.json<Problem>().code).toBe('request.invalid')
  expect(response.json<Problem>().faults?.map((fault) => fault.path)).toContain(path)
})

test('a cursor that was not given out is refused', async () => {
  const response = await get('/v1/jobs?cursor=bm9uc2Vuc2U')
  expect(response.statusCode).toBe(400)
  expect(response.json<Problem>().code).toBe('request.invalid')
})

test('a job is found by its id', async () => {
  const response = await get(`/v1/jobs/${ids[0]}`)
  expect(response.statusCode).toBe(200)
  expect(response.json<Job>()).toMatchObject({ id: ids[0], state: 'queued' })
})

test.each(['', '/metrics', '/logs', '/events', '/artifacts', '/artifacts/a.txt', '/model'])(
  'an unknown job has no %s',
  async (path) => {
    const response = await get(`/v1/jobs/${UNKNOWN}${path}`)
    expect(response.statusCode).toBe(404)
    expect(response.json<Problem>()).toMatchObject({ code: 'job.not_found' })
  },
)

test('an id that is no UUID is refused', async () => {
  const response = await get('/v1/jobs/17')
  expect(response.statusCode).toBe(400)
  expect(response.json<Problem>().faults).toMatchObject([{ path: '/path/id', received: '17' }])
})

test('a job is cancelled, unless it is finished', async () => {
  expect((await post(`/v1/jobs/${ids[0]}/cancel`)).json<Job>()).toMatchObject({ cancelRequested: true })
  t.service.emit(ids[0] ?? '', { type: 'state', data: { state: 'cancelled', attempt: 0 } })
  const again = await post(`/v1/jobs/${ids[0]}/cancel`)
  expect(again.statusCode).toBe(409)
  expect(again.json<Problem>().code).toBe('job.state_conflict')
})

test('a finished job is retried, another is not', async () => {
  t.service.emit(ids[1] ?? '', { type: 'state', data: { state: 'failed', attempt: 1 } })
  expect((await post(`/v1/jobs/${ids[1]}/retry`)).json<Job>()).toMatchObject({ state: 'queued' })
  expect((await post(`/v1/jobs/${ids[2]}/retry`)).statusCode).toBe(409)
})

test('the priority of a job is changed while it has not ended', async () => {
  const patch = (id: string | undefined, payload: object) =>
    t.app.inject({ method: 'PATCH', url: `/v1/jobs/${id}`, payload, headers: as('writer') })
  expect((await patch(ids[2], { priority: 90 })).json<Job>()).toMatchObject({ priority: 90 })
  expect((await patch(ids[0], { priority: 90 })).json<Problem>().code).toBe('job.state_conflict')
  expect((await patch(UNKNOWN, { priority: 90 })).statusCode).toBe(404)
  for (const payload of [{}, { priority: 101 }, { priority: 1, name: 'x' }])
    expect((await patch(ids[2], payload)).statusCode).toBe(400)
})

test.each(['cancel', 'retry'])('%s of an unknown job is a 404', async (verb) => {
  expect((await post(`/v1/jobs/${UNKNOWN}/${verb}`)).statusCode).toBe(404)
})

test('a Content-Type without a body does no harm where no body is expected', async () => {
  const headers = { ...as('writer'), 'content-type': 'application/json' }
  const response = await t.app.inject({ method: 'POST', url: `/v1/jobs/${ids[2]}/cancel`, headers })
  expect(response.statusCode).toBe(200)
})
