import { get as httpGet } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Job, JobEvent } from '@stillhouse/spec'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { as, createTestApp, MINIMAL_JOB, type TestApp } from '../../testing/test-app.ts'

let t: TestApp
let id = ''

beforeEach(() => open(60_000))
afterEach(async () => {
  expect(t.violations).toEqual([])
  await t.app.close()
})

/** With a heartbeat that no test waits for, unless it says so: nothing may depend on it to notice what happened. */
async function open(eventHeartbeatMs: number): Promise<void> {
  t = createTestApp({ config: { eventHeartbeatMs } })
  await t.app.ready()
  await submit()
}

async function submit(): Promise<void> {
  const response = await t.app.inject({ method: 'POST', url: '/v1/jobs', payload: MINIMAL_JOB, headers: as('writer') })
  id = response.json<Job>().id
}

const watch = (query = '', headers: Record<string, string> = {}) =>
  t.app.inject({ url: `/v1/jobs/${id}/events${query}`, headers: { ...as('reader'), ...headers } })

const note = (message: string) => t.service.emit(id, { type: 'note', data: { attempt: 1, message } })
const finish = () => t.service.emit(id, { type: 'state', data: { state: 'succeeded', attempt: 1, verdict: 'passed' } })

function eventsOf(body: string): JobEvent[] {
  return [...body.matchAll(/^data: (.*)$/gm)].map((match) => JSON.parse(match[1] ?? '') as JobEvent)
}

test('the stream tells what happened and what happens, and ends with the final state', async () => {
  note('already there')
  const watching = watch()
  await vi.waitFor(() => expect(t.service.watchers()).toBe(1))
  note('live')
  finish()
  const response = await watching
  expect(response.statusCode).toBe(200)
  expect(response.headers).toMatchObject({
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  })
  expect(response.body).toMatch(/^retry: 2000\n\n/)
  expect(response.body).toContain('id: 2\nevent: note\ndata: {')
  expect(eventsOf(response.body)).toEqual(t.service.events.get(id))
  expect(t.service.watchers()).toBe(0)
})

test('an event between the catch-up read and the live part is not lost', async () => {
  t.service.beforeListEvents = () => {
    t.service.beforeListEvents = () => undefined
    note('in between')
    finish()
  }
  expect(eventsOf((await watch()).body).map((event) => event.seq)).toEqual([1, 2, 3])
})

test('an idle stream is kept open with comments', async () => {
  await t.app.close()
  await open(20)
  let reads = 0
  t.service.beforeListEvents = () => {
    reads += 1
  }
  const watching = watch()
  await vi.waitFor(() => expect(reads).toBeGreaterThan(3), 5000)
  finish()
  expect((await watching).body.match(/^: still here$/gm)?.length).toBeGreaterThan(1)
})

test.each([
  ['Last-Event-ID', '', { 'last-event-id': '2' }],
  ['after', '?after=2', {}],
  ['Last-Event-ID, stronger than after', '?after=0', { 'last-event-id': '2' }],
])('a stream resumes by %s', async (_what, query, headers: Record<string, string>) => {
  note('second')
  note('third')
  finish()
  expect(eventsOf((await watch(query, headers)).body).map((event) => event.seq)).toEqual([3, 4])
})

test('a finished job whose events are all known answers 204', async () => {
  finish()
  const response = await watch('', { 'last-event-id': '2' })
  expect(response.statusCode).toBe(204)
  expect(t.service.watchers()).toBe(0)
})

test.each([
  ['?after=-1', {}],
  ['?after=x', {}],
  ['', { 'last-event-id': 'x' }],
  ['', { 'last-event-id': '-1' }],
  ['', { 'last-event-id': '1'.repeat(30) }],
])('a place that cannot be is refused: %s %o', async (query, headers: Record<string, string>) => {
  expect((await watch(query, headers)).statusCode).toBe(400)
})

test('HEAD is not answered with an endless stream', async () => {
  const response = await t.app.inject({ method: 'HEAD', url: `/v1/jobs/${id}/events`, headers: as('reader') })
  expect(response.statusCode).toBe(405)
})

async function connect(): Promise<{ destroy: () => void; ended: Promise<unknown> }> {
  const { port } = t.app.server.address() as AddressInfo
  return new Promise((resolve, reject) => {
    const request = httpGet(
      { port, host: '127.0.0.1', path: `/v1/jobs/${id}/events`, headers: as('reader') },
      (answer) => {
        answer.on('error', () => undefined)
        answer.resume()
        const ended = new Promise((done) => answer.once('close', () => done(answer.complete)))
        resolve({ destroy: () => request.destroy(), ended })
      },
    )
    request.on('error', reject)
  })
}

test('many listeners that go away leave nothing behind', async () => {
  await t.app.listen({ host: '127.0.0.1', port: 0 })
  const listeners = await Promise.all(Array.from({ length: 40 }, connect))
  expect(t.service.watchers()).toBe(40)
  for (const listener of listeners) listener.destroy()
  await vi.waitFor(() => expect(t.service.watchers()).toBe(0))
})

test('closing the application ends open streams', async () => {
  await t.app.listen({ host: '127.0.0.1', port: 0 })
  const listener = await connect()
  const started = performance.now()
  await t.app.close()
  expect(await listener.ended).toBe(true)
  expect(performance.now() - started).toBeLessThan(2000)
  expect(t.service.watchers()).toBe(0)
})
