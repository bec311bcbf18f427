import { once } from 'node:events'
import { request } from 'node:http'
import type { Problem } from '@stillhouse/spec'
import { afterEach, expect, test, vi } from 'vitest'
import type { ApiConfig } from '../context.ts'
import { KEYS } from '../testing/fake-service.ts'
import { as, createTestApp, type TestApp } from '../testing/test-app.ts'

let t: TestApp | null = null

async function start(config: Partial<ApiConfig>): Promise<TestApp> {
  t = createTestApp({ config })
  await t.app.ready()
  return t
}
afterEach(async () => {
  vi.useRealTimers()
  expect(t?.violations).toEqual([])
  await t?.app.close()
  t = null
})

/** Asks so many times; the statuses. */
async function ask(times: number, url: string, headers: Record<string, string> = {}, remoteAddress = '10.0.0.1') {
  const statuses: number[] = []
  for (let i = 0; i < times; i++)
    statuses.push((await (t as TestApp).app.inject({ url, headers, remoteAddress })).statusCode)
  return statuses
}

test('a key that asks too often is told when to come back, and other keys are not held up', async () => {
  const { app } = await start({ requestsPerMinute: 3 })
  const first = await app.inject({ url: '/v1/jobs', headers: as('reader') })
  expect(first.headers).toMatchObject({ 'ratelimit-limit': '3', 'ratelimit-remaining': '2', 'ratelimit-reset': '60' })
  expect(first.headers).not.toHaveProperty('retry-after')
  expect(await ask(2, '/v1/jobs', as('reader'))).toEqual([200, 200])
  const refused = await app.inject({ url: '/v1/catalog', headers: as('reader'), remoteAddress: '10.0.0.2' })
  expect(refused.statusCode).toBe(429)
  expect(refused.headers['content-type']).toContain('application/problem+json')
  expect(refused.headers).toMatchObject({
    'ratelimit-remaining': '0',
    'retry-after': expect.stringMatching(/^[1-9]\d?$/),
  })
  expect(refused.json<Problem>()).toMatchObject({
    code: 'rate.limited',
    detail: expect.stringMatching(
      /^There were too many requests of this API key\. Expected at most 3 in a minute; wait \d+ s\.$/,
    ),
  })
  expect(await ask(1, '/v1/jobs', as('admin'))).toEqual([200])
})

test('after the minute the key may go on', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  await start({ requestsPerMinute: 1 })
  expect(await ask(2, '/v1/me', as('writer'))).toEqual([200, 429])
  vi.advanceTimersByTime(60_001)
  expect(await ask(2, '/v1/me', as('writer'))).toEqual([200, 429])
})

test('workers have a budget of their own, one on each machine', async () => {
  await start({ requestsPerMinute: 1, workerRequestsPerMinute: 2 })
  expect(await ask(3, '/v1/me', as('worker'), '10.0.0.1')).toEqual([200, 200, 429])
  expect(await ask(3, '/v1/me', as('worker'), '10.0.0.2')).toEqual([200, 200, 429])
})

test('public routes are counted by address, probes are not counted at all', async () => {
  await start({ publicRequestsPerMinute: 1 })
  expect(await ask(2, '/openapi.json')).toEqual([200, 429])
  expect(await ask(1, '/openapi.json', {}, '10.0.0.2')).toEqual([200])
  expect(await ask(5, '/healthz')).toEqual([200, 200, 200, 200, 200])
  expect(await ask(5, '/readyz')).toEqual([200, 200, 200, 200, 200])
})

test('a forwarded address counts only behind a proxy that is trusted', async () => {
  const through = (client: string) => ({ 'x-forwarded-for': client })
  await start({ publicRequestsPerMinute: 1 })
  expect(await ask(1, '/openapi.json', through('192.0.2.1'))).toEqual([200])
  expect(await ask(1, '/openapi.json', through('192.0.2.2'))).toEqual([429])
  await t?.app.close()
  await start({ publicRequestsPerMinute: 1, trustProxy: '10.0.0.0/8' })
  expect(await ask(1, '/openapi.json', through('192.0.2.1'))).toEqual([200])
  expect(await ask(1, '/openapi.json', through('192.0.2.2'))).toEqual([200])
  expect(await ask(1, '/openapi.json', through('192.0.2.2'))).toEqual([429])
})

test('0 takes a limit away', async () => {
  await start({ requestsPerMinute: 0, publicRequestsPerMinute: 0, workerRequestsPerMinute: 0, invalidKeysPerMinute: 0 })
  const { headers } = await (t as TestApp).app.inject({ url: '/v1/me', headers: as('reader') })
  expect(headers).not.toHaveProperty('ratelimit-limit')
  expect(await ask(2, '/v1/me', { authorization: 'Bearer wrong-wrong-wrong' })).toEqual([401, 401])
})

test('an address that tries keys is not looked up any more, whatever it tries', async () => {
  const { app, service } = await start({ invalidKeysPerMinute: 2 })
  const looked = vi.spyOn(service, 'authenticate')
  const guess = (n: number) => ({ authorization: `Bearer guess-number-${n}` })
  expect(await ask(1, '/v1/me', guess(1))).toEqual([401])
  expect(await ask(1, '/v1/me', guess(2))).toEqual([401])
  const refused = await app.inject({ url: '/v1/me', headers: guess(3), remoteAddress: '10.0.0.1' })
  expect(refused.statusCode).toBe(429)
  expect(refused.headers['retry-after']).toMatch(/^[1-9]\d?$/)
  expect(refused.json<Problem>()).toMatchObject({
    code: 'auth.throttled',
    detail: expect.stringContaining('at most 2'),
  })
  // not even the right one: otherwise the guesser would learn which it is
  expect(await ask(1, '/v1/me', as('writer'))).toEqual([429])
  expect(looked).toHaveBeenCalledTimes(2)
  expect(await ask(1, '/v1/me', as('writer'), '10.0.0.2')).toEqual([200])
})

test('the same invalid key again is no other guess, until it comes very often', async () => {
  await start({ invalidKeysPerMinute: 2 })
  const former = { authorization: 'Bearer the-token-before-the-rotation' }
  expect(await ask(5, '/v1/me', former)).toEqual([401, 401, 401, 401, 401])
  expect(await ask(1, '/v1/me', as('worker'))).toEqual([200])
  expect((await ask(16, '/v1/me', former)).slice(-2)).toEqual([401, 429])
})

test('who tries keys does not shut out the neighbours behind the same address', async () => {
  const { service } = await start({ invalidKeysPerMinute: 1 })
  expect(await ask(1, '/v1/me', as('reader'))).toEqual([200])
  expect(await ask(1, '/v1/me', { authorization: 'Bearer not-a-key-of-anyone' })).toEqual([401])
  expect(await ask(1, '/v1/me', { authorization: 'Bearer nor-is-this-one' })).toEqual([429])
  expect(await ask(2, '/v1/me', as('reader'))).toEqual([200, 200])
  // a key that was valid once is forgotten as soon as it is refused
  service.keys.delete(KEYS.reader)
  expect(await ask(2, '/v1/me', as('reader'))).toEqual([401, 429])
})

test('a key may hold only so many streams open, and closing one makes room', async () => {
  const { app, service } = await start({ streamsAtATime: 1, requestsPerMinute: 0 })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const { job } = await service.submit({
    spec: { name: 'x', priority: 1, labels: {}, teachers: [] } as never,
    bodyHash: '',
  })
  const events = `${url}/v1/jobs/${job.id}/events`
  const leave = new AbortController()
  expect((await fetch(events, { headers: as('reader'), signal: leave.signal })).status).toBe(200)
  const second = await fetch(events, { headers: as('reader') })
  expect(second.status).toBe(429)
  expect(second.headers.get('retry-after')).toBe('5')
  expect(await second.json()).toMatchObject({
    code: 'rate.limited',
    detail: expect.stringContaining('event streams open'),
  })
  const other = new AbortController()
  expect((await fetch(events, { headers: as('admin'), signal: other.signal })).status).toBe(200)
  other.abort()
  leave.abort()
  await vi.waitFor(async () => {
    const again = new AbortController()
    expect((await fetch(events, { headers: as('reader'), signal: again.signal })).status).toBe(200)
    again.abort()
  })
})

test('a key may have only so many uploads under way', async () => {
  const { app, service } = await start({ uploadsAtATime: 1 })
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
  const headers = { ...as('writer'), 'content-type': 'multipart/form-data; boundary=x' }
  const slow = request({ host: '127.0.0.1', port, method: 'POST', path: '/v1/datasets', headers })
  slow.write('--x\r\n')
  await vi.waitFor(() => expect(service.teamsAsked).toHaveLength(1))
  const upload = async (role: 'writer' | 'admin') =>
    (await app.inject({ method: 'POST', url: '/v1/models', headers: as(role) })).statusCode
  expect(await upload('writer')).toBe(429)
  expect(await upload('admin')).toBe(415)
  slow.end()
  await once(slow, 'response')
  await vi.waitFor(async () => expect(await upload('writer')).toBe(415))
})
