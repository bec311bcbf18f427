import type { Claim, Job, Problem, RegisteredWorker } from '@stillhouse/spec'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sha256 } from '../../testing/fake-service.ts'
import { as, createTestApp, MINIMAL_JOB, type TestApp } from '../../testing/test-app.ts'

let t: TestApp
let id = ''
let workerId = ''
const file = { path: 'export/model.json', sha256: sha256('{}'), size: 2, contentType: 'application/json' }
const point = { seq: 1, name: 'loss', stage: 'student', step: 1, epoch: 0.1, value: 2.3 }
const BODIES = {
  reports: { batch: 1, metrics: [point], logs: [], events: [] },
  checkpoints: { stage: 'student', step: 10, metricSeq: 1, files: [file] },
  artifacts: { kind: 'export', files: [file] },
  outcome: { outcome: 'succeeded', metrics: { accuracy: 0.98 }, metricSeq: 1 },
} as const

const lineAt = (at: string) => ({ at, level: 'info', message: 'm' })

beforeAll(async () => {
  t = createTestApp({ config: { reportLimit: 300_000 } })
  await t.app.ready()
  const job = await t.app.inject({ method: 'POST', url: '/v1/jobs', payload: MINIMAL_JOB, headers: as('writer') })
  id = job.json<Job>().id
  const payload = { name: 'w', host: 'h', version: '1', slots: 1, devices: [] }
  const worker = await t.app.inject({ method: 'POST', url: '/v1/workers', payload, headers: as('worker') })
  workerId = worker.json<RegisteredWorker>().workerId
})
afterAll(async () => {
  expect(t.violations).toEqual([])
  await t.app.close()
})

const post = (path: string, payload: object) =>
  t.app.inject({ method: 'POST', url: `/v1/jobs/${id}/${path}`, payload, headers: as('worker') })

test('a claim brings the spec; a stale one is refused', async () => {
  const response = await post('claim', { workerId, attempt: 1 })
  expect(response.statusCode).toBe(200)
  expect(response.json<Claim>()).toMatchObject({ jobId: id, attempt: 1, spec: { name: 'tiny' }, checkpoint: null })
  const stale = await post('claim', { workerId, attempt: 2 })
  expect(stale.statusCode).toBe(409)
  expect(stale.json<Problem>().code).toBe('attempt.stale')
})

test.each([
  ['reports', 'report', 204],
  ['checkpoints', 'saveCheckpoint', 204],
  ['artifacts', 'saveArtifacts', 204],
  ['outcome', 'finish', 200],
] as const)('%s reach the service as %s, and a stale attempt is refused', async (path, method, status) => {
  const response = await post(`attempts/1/${path}`, BODIES[path])
  expect(response.statusCode).toBe(status)
  expect(response.body).toBe(status === 204 ? '' : '{"state":"succeeded"}')
  expect(t.service.calls.at(-1)).toEqual([method, { jobId: id, attempt: 1 }, BODIES[path]])
  const stale = await post(`attempts/2/${path}`, BODIES[path])
  expect(stale.statusCode).toBe(409)
  expect(stale.json<Problem>().code).toBe('attempt.stale')
})

test.each(['0', 'x', '1.5', '-1'])('there is no attempt %s', async (attempt) => {
  const response = await post(`attempts/${attempt}/outcome`, BODIES.outcome)
  expect(response.statusCode).toBe(400)
  expect(response.json<Problem>().faults).toMatchObject([{ path: '/path/attempt' }])
})

test.each([
  ['reports', { ...BODIES.reports, batch: 0 }, '/batch'],
  ['reports', { ...BODIES.reports, metrics: [{ ...point, value: null }] }, '/metrics/0/value'],
  ['checkpoints', { ...BODIES.checkpoints, files: [{ ...file, path: '../x' }] }, '/files/0/path'],
  ['artifacts', { ...BODIES.artifacts, kind: 'virus' }, '/kind'],
] as const)('a faulty body of %s is refused at its path', async (path, payload, where) => {
  const response = await post(`attempts/1/${path}`, payload)
  expect(response.statusCode).toBe(400)
  expect(response.json<Problem>().faults?.map((fault) => fault.path)).toContain(where)
})

test.each([
  ['broken', '{"batch": 1,\n "metrics": [}', 'line 2, column 14'],
  ['nested without end', `{"batch": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 'nested too deeply'],
  ['poisoned', '{"batch": 1, "__proto__": {}}', '/__proto__'],
])('a report that is %s is refused with its place', async (_what, payload, place) => {
  const response = await t.app.inject({
    method: 'POST',
    url: `/v1/jobs/${id}/attempts/1/reports`,
    payload,
    headers: { ...as('worker'), 'content-type': 'application/json' },
  })
  expect(response.statusCode).toBe(400)
  expect(response.json<Problem>().detail).toContain(place)
})

test('a report may be larger than other bodies, but not without limit', async () => {
  const line = { at: '2026-01-01T00:00:00Z', level: 'info', message: 'x'.repeat(10_000) }
  const report = (lines: number) => ({ ...BODIES.reports, logs: Array(lines).fill(line) })
  expect((await post('attempts/1/reports', report(20))).statusCode).toBe(204)
  expect((await post('attempts/1/reports', report(40))).statusCode).toBe(413)
})

test.each([
  ['attempts/2147483648/reports', BODIES.reports, '/path/attempt'],
  ['attempts/1/reports', { ...BODIES.reports, batch: 1e300 }, '/batch'],
  ['attempts/1/reports', { ...BODIES.reports, metrics: [{ ...point, step: 2 ** 64 }] }, '/metrics/0/step'],
  ['attempts/1/reports', { ...BODIES.reports, logs: [lineAt('2026-01-01T00:00:00+17:39')] }, '/logs/0/at'],
  ['attempts/1/reports', { ...BODIES.reports, logs: [lineAt('0000-01-01T00:00:00Z')] }, '/logs/0/at'],
  ['attempts/1/checkpoints', { ...BODIES.checkpoints, step: 2 ** 64 }, '/step'],
  ['attempts/1/artifacts', { ...BODIES.artifacts, files: [{ ...file, size: 2 ** 64 }] }, '/files/0/size'],
  ['attempts/1/outcome', { ...BODIES.outcome, metricSeq: 2 ** 64 }, '/metricSeq'],
  ['attempts/1/outcome', { ...BODIES.outcome, metrics: { 'a\nb': 'no number' } }, '/metrics/a\nb'],
])('%s: a number or a time that cannot be kept is refused at its path', async (path, payload, fault) => {
  const response = await post(path, payload)
  expect(response.statusCode).toBe(400)
  expect(response.json<Problem>().faults?.map((one) => one.path)).toContain(fault)
})
