// Webhooks: what happens to a team's jobs reaches an address of its own, signed, until it is taken – and reaches nobody else.
import { deliverWebhooks } from '@stillhouse/jobs'
import type { NewWebhook, WebhookDelivery, WebhookMessage } from '@stillhouse/spec'
import { type HttpReceiver, type ReceivedRequest, startHttpReceiver } from '@stillhouse/testkit'
import { Webhook } from 'standardwebhooks'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { useJobs } from './jobs-harness.ts'
import { JOB, useTwoTeams } from './support/two-teams.ts'

const jobs = useJobs({ leaseSeconds: 20, outboundAllow: ['127.0.0.0/8'] })
const house = useTwoTeams(jobs)

let receiver: HttpReceiver
let url: string

beforeEach(async () => {
  receiver = await startHttpReceiver()
  url = `${receiver.url}/hook`
})
afterEach(() => receiver.close())

const deliver = () => deliverWebhooks(jobs().context)
const makeDue = () => jobs().query('UPDATE webhook_delivery SET due_at = clock_timestamp()')
const add = (webhook: Partial<NewWebhook> = {}) => house().red.client.createWebhook({ url, ...webhook })
const messages = () => receiver.heard.map(({ body }) => JSON.parse(body) as WebhookMessage)
/** A job of red, cancelled before it began. */
const cancelledJob = async (spec: object = {}) => {
  const { red } = house()
  const { job } = await red.client.submitJob({ ...JOB, ...spec })
  return red.client.cancelJob(job.id)
}

const lastDelivery = async (webhook: string) => {
  const { items } = await house().red.client.listDeliveries(webhook)
  expect(items).toHaveLength(1)
  return items[0] as WebhookDelivery
}

test('the end of a job is told once, signed as the standard has it', async () => {
  const { secret } = await add()
  const job = await cancelledJob({ labels: { run: 'nightly' } })
  expect([await deliver(), await deliver()]).toEqual([1, 0])
  expect(receiver.heard).toHaveLength(1)
  const [{ path, headers, body }] = receiver.heard as [ReceivedRequest]
  expect([path, headers['content-type']]).toEqual(['/hook', 'application/json'])
  const message = new Webhook(secret).verify(body, headers) as WebhookMessage
  expect(message.type).toBe('job.cancelled')
  expect(message.data).toMatchObject({
    job: { id: job.id, team: 'red', name: 'tiny', labels: { run: 'nightly' } },
    state: 'cancelled',
    attempt: 0,
  })
  const [event] = await jobs().query('SELECT at FROM job_event WHERE job_id = $1 AND seq = $2', [
    job.id,
    message.data.event,
  ])
  expect(event).toEqual({ at: new Date(message.timestamp) })
})

test('a job is told from its start to its result, in the states that were asked for', async () => {
  const { running, exportModel, service } = jobs()
  const { admin } = house()
  await admin.createWebhook({ url, states: ['running', 'succeeded'] })
  const { id } = await running()
  await exportModel({ jobId: id, attempt: 1 })
  await service.finish({ jobId: id, attempt: 1 }, { outcome: 'succeeded', metrics: { accuracy: 0.9 }, metricSeq: 0 })
  await deliver()
  const told = messages().sort((a, b) => a.data.event - b.data.event)
  expect(told.map(({ type }) => type)).toEqual(['job.running', 'job.succeeded'])
  expect(told[1]?.data).toMatchObject({ verdict: 'passed', result: { metrics: { accuracy: 0.9 } } })
})

test('only jobs with its labels, and only jobs of its team', async () => {
  const { blue } = house()
  await add({ labels: { run: 'nightly' } })
  await blue.client.createWebhook({ url: `${url}/blue` })
  await cancelledJob()
  const told = await cancelledJob({ labels: { run: 'nightly', of: 'us' } })
  await deliver()
  expect(messages().map(({ data }) => data.job.id)).toEqual([told.id])
})

test('what is not taken is told again later, under its old id, and at last given up', async () => {
  const { red } = house()
  const { webhook } = await add()
  receiver.answers.push(500, 302)
  await cancelledJob()
  for (const expected of [1, 0]) expect(await deliver()).toBe(expected)
  const [first] = (await red.client.listDeliveries(webhook.id)).items
  expect(first).toMatchObject({ state: 'pending', tries: 1, status: 500, error: 'answered 500', endedAt: null })
  expect(Date.parse(first?.nextTryAt ?? '') - Date.now()).toBeGreaterThan(3000)
  await makeDue()
  await deliver()
  const [second] = (await red.client.listDeliveries(webhook.id)).items
  expect(second).toMatchObject({ state: 'pending', tries: 2, status: 302 })
  expect(Date.parse(second?.nextTryAt ?? '') - Date.now()).toBeGreaterThan(13_000)
  expect(new Set(receiver.heard.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
  await jobs().query('UPDATE webhook_delivery SET tries = 11, due_at = clock_timestamp()')
  receiver.answers.push(503)
  await deliver()
  expect((await red.client.listDeliveries(webhook.id)).items).toMatchObject([
    { state: 'failed', tries: 12, status: 503, nextTryAt: null, endedAt: expect.any(String) },
  ])
  await makeDue()
  expect(await deliver()).toBe(0)
})

test('nobody there is no answer either; who is gone for good is not asked again', async () => {
  const { red } = house()
  const { webhook } = await add({ url: 'http://127.0.0.1:9/' })
  const gone = await add()
  receiver.answers.push(410)
  await cancelledJob()
  await deliver()
  expect((await red.client.listDeliveries(webhook.id)).items[0]).toMatchObject({
    error: 'ECONNREFUSED',
    state: 'pending',
  })
  expect((await red.client.listDeliveries(gone.webhook.id)).items[0]).toMatchObject({ status: 410, state: 'failed' })
})

test('a delivery is told again when somebody asks for it', async () => {
  const { red } = house()
  const { webhook } = await add()
  await cancelledJob()
  await deliver()
  const { id } = await lastDelivery(webhook.id)
  expect(await red.client.replayDelivery(webhook.id, id)).toMatchObject({ state: 'pending', tries: 0 })
  await deliver()
  expect(receiver.heard).toHaveLength(2)
  expect(receiver.heard[0]?.headers['webhook-id']).toBe(receiver.heard[1]?.headers['webhook-id'])
  await expect(red.client.replayDelivery(webhook.id, id + 1)).rejects.toMatchObject({ code: 'webhook.not_found' })
  const { items } = await red.client.listAudit()
  expect(items.map(({ action }) => action)).toEqual(expect.arrayContaining(['createWebhook', 'replayDelivery']))
})

test('a deleted webhook hears nothing more, not even of what was', async () => {
  const { red } = house()
  const { webhook } = await add()
  await cancelledJob()
  await red.client.deleteWebhook(webhook.id)
  expect(await deliver()).toBe(0)
  await cancelledJob()
  expect(await deliver()).toBe(0)
  await expect(red.client.deleteWebhook(webhook.id)).rejects.toMatchObject({ code: 'webhook.not_found' })
})

test("another team's webhook does not exist", async () => {
  const { blue, admin } = house()
  const { webhook } = await add()
  await cancelledJob()
  await deliver()
  const { id } = await lastDelivery(webhook.id)
  expect((await blue.client.listWebhooks()).items).toEqual([])
  for (const call of [
    () => blue.client.listDeliveries(webhook.id),
    () => blue.client.replayDelivery(webhook.id, id),
    () => blue.client.deleteWebhook(webhook.id),
  ])
    await expect(call()).rejects.toMatchObject({ status: 404, code: 'webhook.not_found' })
  await expect(blue.client.createWebhook({ url }, { team: 'red' })).rejects.toMatchObject({ code: 'team.not_found' })
  expect((await admin.listWebhooks({ team: 'red' })).items).toEqual([webhook])
})

test.each([
  ['http://user:word@ci.example/', 'holds a password'],
  ['http://[oops/', 'is not a URL'],
  ['http://10.0.0.1/', 'is an address that nothing may be sent to'],
  ['http://169.254.169.254/latest/meta-data', 'is an address that nothing may be sent to'],
])('%s is refused at once: it %s', async (bad, message) => {
  await expect(add({ url: bad })).rejects.toMatchObject({ status: 400, faults: [{ path: '/url', message }] })
})

test('a name that stands for an address inside is found out when something is sent, and not told', async () => {
  Object.assign(jobs().context.settings, { outboundAllow: [] })
  const { webhook } = await add({ url: url.replace('127.0.0.1', 'localhost') })
  await cancelledJob()
  await deliver()
  const { error } = await lastDelivery(webhook.id)
  expect(error).toContain('an address that is not public')
  expect(error).not.toContain('127.0.0.1')
  expect(receiver.heard).toEqual([])
})

test('the URL is kept as it is sent', async () => {
  const { webhook } = await add({ url: `${url}/a b?c=ü` })
  expect(webhook.url).toBe(`${url}/a%20b?c=%C3%BC`)
})

test('a team may have twenty', async () => {
  for (let i = 0; i < 20; i += 1) await add()
  await expect(add()).rejects.toMatchObject({ status: 429, code: 'quota.webhooks' })
  await expect(house().blue.client.createWebhook({ url })).resolves.toBeDefined()
})

test('one that does not take anything does not hold up the others', async () => {
  await add({ url: 'http://127.0.0.1:9/' })
  for (let i = 0; i < 12; i += 1) await cancelledJob()
  await add({ labels: { run: 'last' } })
  await cancelledJob({ labels: { run: 'last' } })
  expect(await deliver()).toBe(6)
  expect(messages()).toHaveLength(1)
})
