import type { Problem, RegisteredWorker, WorkerList, WorkerOrders } from '@stillhouse/spec'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { as, createTestApp, type TestApp } from '../../testing/test-app.ts'

let t: TestApp
const UNKNOWN = '00000000-0000-4000-8000-000000000000'
const WORKER = { name: 'w1', host: 'here', version: '0.1.0', slots: 2, devices: [{ kind: 'cpu', name: 'CPU' }] }
const BEAT = { state: 'active', jobs: [{ jobId: UNKNOWN, attempt: 3 }] }

beforeAll(async () => {
  t = createTestApp()
  await t.app.ready()
})
afterAll(async () => {
  expect(t.violations).toEqual([])
  await t.app.close()
})

const post = (url: string, payload: object) => t.app.inject({ method: 'POST', url, payload, headers: as('worker') })
const remove = (id: string) => t.app.inject({ method: 'DELETE', url: `/v1/workers/${id}`, headers: as('worker') })

test('a worker registers, is listed, reports, hears its orders and signs off', async () => {
  const registered = await post('/v1/workers', WORKER)
  expect(registered.statusCode).toBe(201)
  const { workerId, leaseSeconds } = registered.json<RegisteredWorker>()
  expect(leaseSeconds).toBe(20)
  const listed = await t.app.inject({ url: '/v1/workers', headers: as('reader') })
  expect(listed.json<WorkerList>().items).toMatchObject([{ id: workerId, name: 'w1', state: 'active' }])
  const orders = await post(`/v1/workers/${workerId}/heartbeat`, BEAT)
  expect(orders.json<WorkerOrders>()).toEqual({ jobs: [{ jobId: UNKNOWN, attempt: 3, order: 'go-on' }] })
  expect((await remove(workerId)).statusCode).toBe(204)
  expect((await remove(workerId)).statusCode).toBe(404)
})

test('an administrator changes what is wanted of a worker; others may not, and no other mode is taken', async () => {
  const { workerId } = (await post('/v1/workers', WORKER)).json<RegisteredWorker>()
  const patch = (role: Parameters<typeof as>[0], payload: object, id: string = workerId) =>
    t.app.inject({ method: 'PATCH', url: `/v1/workers/${id}`, payload, headers: as(role) })
  const drained = await patch('admin', { mode: 'draining' })
  expect(drained.statusCode).toBe(200)
  expect(drained.json()).toMatchObject({ id: workerId, mode: 'draining', handsBack: false, jobs: [] })
  expect((await patch('reader', { mode: 'active' })).statusCode).toBe(403)
  expect((await patch('worker', { mode: 'active' })).statusCode).toBe(403)
  expect((await patch('admin', { mode: 'gone' })).json<Problem>().faults?.map(({ path }) => path)).toEqual(['/mode'])
  expect((await patch('admin', { mode: 'active' }, UNKNOWN)).json<Problem>().code).toBe('worker.not_found')
})

test('an unknown worker is told so', async () => {
  const response = await post(`/v1/workers/${UNKNOWN}/heartbeat`, BEAT)
  expect(response.statusCode).toBe(404)
  expect(response.json<Problem>().code).toBe('worker.not_found')
})

test.each([
  [{ ...WORKER, slots: 0 }, '/slots'],
  [{ ...WORKER, name: 'a b' }, '/name'],
  [{ ...WORKER, gpu: true }, '/gpu'],
  [{ ...WORKER, labels: { 'no\nname': [null] } }, '/labels/no\nname'],
  [{ ...WORKER, devices: [{ kind: 'tpu', name: 'x' }] }, '/devices/0/kind'],
  [[], ''],
])('a faulty registration is refused at its path: %o', async (payload, path) => {
  const response = await post('/v1/workers', payload)
  expect(response.statusCode).toBe(400)
  expect(response.json<Problem>().code).toBe('request.invalid')
  expect(response.json<Problem>().faults?.map((fault) => fault.path)).toContain(path)
})

test.each([2 ** 31, 2 ** 53, 1e300])(
  'a heartbeat for attempt %d, which no job can have, is refused',
  async (attempt) => {
    const payload = { state: 'active', jobs: [{ jobId: UNKNOWN, attempt }] }
    const response = await post(`/v1/workers/${UNKNOWN}/heartbeat`, payload)
    expect(response.statusCode).toBe(400)
    expect(response.json<Problem>().faults?.map((fault) => fault.path)).toEqual(['/jobs/0/attempt'])
  },
)
