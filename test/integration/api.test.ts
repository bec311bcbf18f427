// The API over the real service: PostgreSQL, files on disk, the shipped shelves. Every answer is held to the document.
import { hash } from 'node:crypto'
import { type Client, createClient } from '@stillhouse/client'
import { dataFormats } from '@stillhouse/data'
import { createDatabase } from '@stillhouse/db'
import { catalogOf, checkJob, type Shelves } from '@stillhouse/engine'
import { checkLayersModel, exporters } from '@stillhouse/export'
import { assembleJobService, type JobService } from '@stillhouse/jobs'
import { createLogger } from '@stillhouse/kit'
import { methods } from '@stillhouse/methods'
import { models } from '@stillhouse/models'
import type { JobEvent, Problem } from '@stillhouse/spec'
import { startTcpProxy } from '@stillhouse/testkit'
import * as tf from '@tensorflow/tfjs'
import type { FastifyInstance } from 'fastify'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createApp } from '../../apps/api/src/app.ts'
import { signatureOf } from '../../apps/api/src/signature-of.ts'
import { addContractGuard } from '../../apps/api/src/testing/contract-guard.ts'
import { eventually, points, reportWith, useJobs } from './jobs-harness.ts'

const jobs = useJobs({ leaseSeconds: 20 })
const shelves: Shelves = { methods, models, data: dataFormats, exports: exporters }
const violations: string[] = []
const SECRET = 'secret-of-the-integration-test'
let app: FastifyInstance
let url = ''
let client: Client

beforeEach(async () => {
  const { service } = jobs()
  violations.length = 0
  app = openApp(service)
  await service.ensureKey({ name: 'test', secret: SECRET, scopes: ['admin'] })
  url = await app.listen({ host: '127.0.0.1', port: 0 })
  client = createClient({ baseUrl: url, apiKey: SECRET })
})
afterEach(async () => {
  await app.close()
  expect(violations).toEqual([])
})

function openApp(service: JobService): FastifyInstance {
  const opened = createApp({
    service,
    catalog: catalogOf(shelves),
    logger: createLogger('api', 'silent'),
    checkJob: (spec) => checkJob(spec, shelves),
    signatureOf: (spec) => signatureOf(spec, shelves),
    checkModel: checkLayersModel,
    config: { eventHeartbeatMs: 200 },
  })
  addContractGuard(opened, violations)
  return opened
}

const JOB = {
  name: 'tiny',
  data: { name: 'optdigits' },
  student: { model: 'mlp' },
  method: { name: 'none' },
  train: { epochs: 1 },
}

function call(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${url}${path}`, { ...init, headers: { authorization: `Bearer ${SECRET}`, ...init.headers } })
}

/** A job that a worker has claimed. */
async function running(): Promise<{ id: string; workerId: string; ref: { jobId: string; attempt: number } }> {
  const { workerId } = await client.registerWorker({ name: 'w', host: 'h', version: '1', slots: 1, devices: [] })
  const { job } = await client.submitJob(JOB)
  await jobs().handOut()
  await client.claimJob(job.id, { workerId, attempt: 1 })
  return { id: job.id, workerId, ref: { jobId: job.id, attempt: 1 } }
}

async function store(path: string, text: string, contentType: string) {
  const sha256 = hash('sha256', text)
  await client.uploadBlob(sha256, new TextEncoder().encode(text))
  return { path, sha256, size: Buffer.byteLength(text), contentType }
}

test('a key is known by its hash only, and another is refused', async () => {
  expect((await call('/v1/jobs')).status).toBe(200)
  expect((await call('/v1/jobs', { headers: { authorization: `Bearer ${SECRET}x` } })).status).toBe(401)
  const rows = await jobs().query('SELECT * FROM api_key')
  expect(JSON.stringify(rows)).not.toContain(SECRET)
})

test('the shelves answer for what only they know: unknown names, parameters out of range, everything at once', async () => {
  const job = {
    ...JOB,
    data: { name: 'optdigit' },
    student: { model: 'mpl' },
    method: { name: 'kd', params: { temperature: -1 } },
  }
  const { valid, faults } = await client.validateJob(job)
  expect(valid).toBe(false)
  const byPath = new Map(faults.map((fault) => [fault.path, fault]))
  expect(byPath.get('/data/name')).toMatchObject({ suggestion: 'optdigits' })
  expect(byPath.get('/student/model')).toMatchObject({ suggestion: 'mlp' })
  expect(byPath.has('/method/params/temperature')).toBe(true)
  await expect(client.submitJob(job)).rejects.toMatchObject({ status: 400, code: 'spec.invalid' })
  expect((await client.listJobs()).items).toEqual([])
})

test('the catalogue lists the shipped shelves', async () => {
  const catalog = await client.getCatalog()
  expect(catalog.methods.map((entry) => entry.name)).toEqual(expect.arrayContaining(['kd', 'none']))
  expect(catalog.data.map((entry) => entry.name)).toEqual(expect.arrayContaining(['mnist', 'optdigits']))
})

test('submissions with one key, all at once, make one job', async () => {
  const answers = await Promise.all(Array.from({ length: 8 }, () => client.submitJob(JOB, { idempotencyKey: 'same' })))
  expect(new Set(answers.map(({ job }) => job.id)).size).toBe(1)
  expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1)
  const other = client.submitJob({ ...JOB, priority: 1 }, { idempotencyKey: 'same' })
  await expect(other).rejects.toMatchObject({ status: 422, code: 'idempotency.mismatch' })
})

test('jobs are paged through, newest first, by a cursor that cannot be made up', async () => {
  for (let i = 0; i < 5; i++) await client.submitJob({ ...JOB, labels: { n: String(i) } })
  const seen: string[] = []
  let cursor: string | undefined
  do {
    const page = await client.listJobs({ limit: 2, ...(cursor === undefined ? {} : { cursor }) })
    seen.push(...page.items.map((job) => job.labels['n'] ?? ''))
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
  expect(seen).toEqual(['4', '3', '2', '1', '0'])
  await expect(client.listJobs({ cursor: 'bm9uc2Vuc2U' })).rejects.toMatchObject({ status: 400 })
  await expect(client.listJobs({ cursor: '..' })).rejects.toMatchObject({ status: 400 })
})

test('a job runs its course over HTTP, and is followed live', async () => {
  const { id, ref } = await running()
  const followed: JobEvent[] = []
  const following = (async () => {
    for await (const event of client.watchEvents(id)) followed.push(event)
  })()
  await client.report(ref, reportWith(1, { metrics: points(1, 20) }))
  await client.report(ref, reportWith(1, { metrics: points(1, 20) }))
  const log = { at: new Date().toISOString(), level: 'info' as const, message: 'works' }
  const evaluated = { stage: 'student', step: 20, attempt: 1, metrics: { accuracy: 0.9 } }
  await client.report(ref, reportWith(2, { logs: [log], events: [{ type: 'eval', data: evaluated }] }))
  const checkpoint = await store('student.ckpt', 'checkpoint', 'application/octet-stream')
  await client.saveCheckpoint(ref, { stage: 'student', step: 20, metricSeq: 20, files: [checkpoint] })
  const model = await store('export/tfjs-layers/model.json', '{"a":1}', 'application/json')
  await client.saveArtifacts(ref, { kind: 'export', files: [model] })
  expect(await client.finish(ref, { outcome: 'succeeded', metrics: { accuracy: 0.9 }, metricSeq: 20 })).toBe(
    'succeeded',
  )
  await following
  expect(followed.map((event) => event.seq)).toEqual(followed.map((_, i) => i + 1))
  expect(followed.map((event) => event.type)).toEqual(
    expect.arrayContaining(['state', 'eval', 'checkpoint', 'artifact']),
  )
  expect(followed.at(-1)).toMatchObject({ type: 'state', data: { state: 'succeeded' } })
  expect((await client.listMetrics(id)).items.map((point) => point.seq)).toEqual(
    points(1, 20).map((point) => point.seq),
  )
  expect(await client.listMetrics(id, { after: 15, limit: 3 })).toMatchObject({ lastSeq: 18 })
  expect((await client.listLogs(id)).items).toMatchObject([{ seq: 1, message: 'works' }])
  expect(await client.getJob(id)).toMatchObject({ state: 'succeeded', verdict: 'passed' })
  expect(await client.getJobModel(id)).toMatchObject({ files: [{ path: 'model.json' }] })
})

test('artifacts come from the store in whole and in part', async () => {
  const { id, ref } = await running()
  const text = 'abcdefghij'.repeat(1000)
  const file = await store('export/tfjs-layers/weights.bin', text, 'application/octet-stream')
  await client.saveArtifacts(ref, { kind: 'export', files: [file] })
  const path = `/v1/jobs/${id}/artifacts/${file.path}`
  const whole = await call(path)
  expect(await whole.text()).toBe(text)
  expect(whole.headers.get('etag')).toBe(`"${file.sha256}"`)
  const part = await call(path, { headers: { range: 'bytes=9995-' } })
  expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([
    206,
    'bytes 9995-9999/10000',
    'fghij',
  ])
  expect((await call(path, { headers: { range: 'bytes=10000-' } })).status).toBe(416)
  expect((await call(path, { headers: { 'if-none-match': `"${file.sha256}"` } })).status).toBe(304)
  expect((await call(`/v1/jobs/${id}/artifacts/export/none`)).status).toBe(404)
  expect((await call(`/v1/jobs/${id}/artifacts/..%2f..%2fetc%2fpasswd`)).status).toBe(400)
})

test('a worker that lost its attempt hears 409 everywhere', async () => {
  const { id } = await running()
  const stale = { jobId: id, attempt: 2 }
  const file = await store('x', 'x', 'text/plain')
  const late = [
    () => client.report(stale, reportWith(1)),
    () => client.saveCheckpoint(stale, { stage: 's', step: 1, metricSeq: 0, files: [file] }),
    () => client.saveArtifacts(stale, { kind: 'report', files: [file] }),
    () => client.finish(stale, { outcome: 'cancelled' }),
  ]
  for (const say of late) await expect(say()).rejects.toMatchObject({ status: 409, code: 'attempt.stale' })
})

test('a cancel reaches the worker with its next heartbeat, and a cancelled job can be retried', async () => {
  const { id, workerId, ref } = await running()
  expect((await client.cancelJob(id)).cancelRequested).toBe(true)
  const orders = await client.heartbeat(workerId, { state: 'active', jobs: [ref] })
  expect(orders.jobs).toEqual([{ ...ref, order: 'cancel' }])
  await client.finish(ref, { outcome: 'cancelled' })
  await client.retryJob(id)
  expect(await client.getJob(id)).toMatchObject({ state: 'queued' })
  await expect(client.retryJob(id)).rejects.toMatchObject({ code: 'job.state_conflict' })
})

test('what PostgreSQL cannot hold is refused and never a 500', async () => {
  for (const body of ['{"name":"a","description":"\\u0000"}', '{"name":"a","labels":{"x":"\\ud800"}}']) {
    const response = await call('/v1/jobs', { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    expect(response.status).toBe(400)
  }
  for (const query of ['label=a=%00', 'cursor=%00', 'cursor=_w', 'label=%ff=%fe', 'state=%00'])
    expect([query, [200, 400].includes((await call(`/v1/jobs?${query}`)).status)]).toEqual([query, true])
})

test('a model sent by tfjs itself is checked, stored and found again', async () => {
  await tf.setBackend('cpu')
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [8], name: 'logits' })] })
  let answer: Response | undefined
  const fetchFunc = async (...args: Parameters<typeof fetch>): Promise<Response> => {
    answer = await fetch(...args)
    return answer.clone()
  }
  const requestInit = { headers: { authorization: `Bearer ${SECRET}` } }
  await model.save(tf.io.http(`${url}/v1/models`, { requestInit, fetchFunc }))
  const saved = (await answer?.json()) as { id: string }
  expect(saved).toMatchObject({ inputShape: [8], outputShape: [3], params: 27, format: 'tfjs-layers' })
  expect(await client.getModel(saved.id)).toEqual(saved)
  const { files } = await client.getModelFiles(saved.id)
  expect(files.map((file) => file.path)).toEqual(['model.json', 'model.weights.bin'])
  expect(await client.hasBlob(files[1]?.sha256 ?? '')).toBe(true)
  model.dispose()
})

test('a model with weights that do not fit is refused with its faults', async () => {
  const topology = { class_name: 'Sequential', config: { name: 'm', layers: [] } }
  const json = JSON.stringify({ modelTopology: topology, weightsManifest: [] })
  const refused = client.uploadModel({ json, weights: new Uint8Array(3) })
  await expect(refused).rejects.toMatchObject({ status: 422, code: 'model.invalid' })
})

test('readiness follows the queue, and the metrics count the jobs', async () => {
  await client.submitJob(JOB)
  expect(await (await fetch(`${url}/readyz`)).json()).toEqual({ database: true, queue: true, artifacts: true })
  jobs().queue.down = true
  const response = await fetch(`${url}/readyz`)
  expect([response.status, await response.json()]).toEqual([503, { database: true, queue: false, artifacts: true }])
  await eventually(async () =>
    (await (await fetch(`${url}/metrics`)).text()).includes('stillhouse_jobs{state="queued"} 1'),
  )
})

test('a database that goes away is a 503 with a hint, and health goes on', async () => {
  const database = new URL(jobs().database.url)
  const line = await startTcpProxy(Number(database.port))
  database.port = String(line.port)
  const logger = createLogger('api', 'silent')
  const db = createDatabase({ url: database.href, connections: 2, retryMs: 300 })
  const other = openApp(assembleJobService({ ...jobs().context, db, logger }, database.href))
  expect((await other.inject({ url: '/v1/jobs', headers: { authorization: `Bearer ${SECRET}` } })).statusCode).toBe(200)
  await line.close()
  const response = await other.inject({ url: '/v1/jobs', headers: { authorization: `Bearer ${SECRET}` } })
  expect([response.statusCode, response.json<Problem>().code]).toEqual([503, 'service.unavailable'])
  expect(response.headers['retry-after']).toBe('2')
  expect((await other.inject('/healthz')).statusCode).toBe(200)
  expect((await other.inject('/metrics')).body).toContain('stillhouse_stats_up 0')
  await other.close()
  await db.close()
})
