import type { IssuedWebhook, Problem, WebhookDelivery, WebhookDeliveryPage, WebhookPage } from '@stillhouse/spec'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { as, createTestApp, type TestApp } from '../../testing/test-app.ts'

let t: TestApp
const UNKNOWN = '00000000-0000-4000-8000-000000000000'
const AT = '2026-01-02T03:04:05.000Z'

beforeAll(async () => {
  t = createTestApp()
  await t.app.ready()
})
afterAll(async () => {
  expect(t.violations).toEqual([])
  await t.app.close()
})

const post = (url: string, payload?: object, key: Parameters<typeof as>[0] = 'admin') =>
  t.app.inject({ method: 'POST', url, ...(payload && { payload }), headers: as(key) })
const get = (url: string) => t.app.inject({ url, headers: as('admin') })
const remove = (id: string) => t.app.inject({ method: 'DELETE', url: `/v1/webhooks/${id}`, headers: as('admin') })

const made = async (): Promise<IssuedWebhook> => {
  const response = await post('/v1/webhooks?team=red', { url: 'https://ci.example/hook', labels: { run: 'nightly' } })
  expect([response.statusCode, response.headers['cache-control']]).toEqual([201, 'no-store'])
  return response.json<IssuedWebhook>()
}

test('a webhook is made for a team, listed without its secret, and deleted', async () => {
  const { webhook, secret } = await made()
  expect(t.service.teamsAsked.at(-1)).toBe('red')
  expect(webhook).toMatchObject({ url: 'https://ci.example/hook', labels: { run: 'nightly' } })
  expect(webhook.states).toEqual(['succeeded', 'failed', 'cancelled'])
  const listed = await get('/v1/webhooks?team=red&limit=3&cursor=abc')
  expect(t.service.calls.at(-1)).toEqual(['listWebhooks', { team: 'red', limit: 3, cursor: 'abc' }])
  expect(listed.json<WebhookPage>().items).toContainEqual(webhook)
  expect(listed.body).not.toContain(secret)
  expect((await remove(webhook.id)).statusCode).toBe(204)
  expect((await remove(webhook.id)).json<Problem>().code).toBe('webhook.not_found')
})

test('what it was told is listed, and told again', async () => {
  const { webhook } = await made()
  const told: WebhookDelivery = {
    ...{ id: 5, job: UNKNOWN, event: 3, state: 'failed', tries: 12, status: 500, error: 'answered 500' },
    ...{ createdAt: AT, nextTryAt: null, endedAt: AT },
  }
  t.service.deliveries.set(webhook.id, [told])
  const page = await get(`/v1/webhooks/${webhook.id}/deliveries?limit=7`)
  expect(t.service.calls.at(-1)).toEqual(['listDeliveries', { limit: 7 }])
  expect(page.json<WebhookDeliveryPage>().items).toEqual([told])
  const again = await post(`/v1/webhooks/${webhook.id}/deliveries/5/replay`)
  expect([again.statusCode, again.json<WebhookDelivery>().state]).toEqual([202, 'pending'])
  expect((await post(`/v1/webhooks/${webhook.id}/deliveries/6/replay`)).statusCode).toBe(404)
  expect((await post(`/v1/webhooks/${UNKNOWN}/deliveries/5/replay`)).statusCode).toBe(404)
})

test.each([
  [{}, '/url'],
  [{ url: 'ftp://ci.example/' }, '/url'],
  [{ url: 'https://ci.example/', states: [] }, '/states'],
  [{ url: 'https://ci.example/', states: ['queued'] }, '/states/0'],
  [{ url: 'https://ci.example/', labels: { a: 1 } }, '/labels/a'],
  [{ url: 'https://ci.example/', secret: 'mine' }, '/secret'],
])('the webhook %j is refused at %s', async (webhook, path) => {
  const response = await post('/v1/webhooks', webhook)
  expect(response.statusCode).toBe(400)
  expect(response.json<Problem>().faults?.map((fault) => fault.path)).toContain(path)
})

test('only administrators make webhooks: they carry what happens out of the house', async () => {
  expect((await post('/v1/webhooks', { url: 'https://ci.example/' }, 'writer')).statusCode).toBe(403)
})
