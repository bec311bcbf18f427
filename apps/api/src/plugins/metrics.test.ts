import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { createTestApp, type TestApp } from '../testing/test-app.ts'

let t: TestApp

beforeAll(async () => {
  t = createTestApp({ config: { eventLoopAlarmMs: 150 } })
  await t.app.ready()
})
beforeEach(() => {
  t.service.state.failWith = null
})
afterAll(async () => {
  expect(t.violations).toEqual([])
  await t.app.close()
})

const scrape = async (): Promise<string> => (await t.app.inject('/metrics')).body

test('the state of the queue is shown', async () => {
  const response = await t.app.inject('/metrics')
  expect(response.headers['content-type']).toContain('text/plain; version=0.0.4')
  for (const line of [
    'stillhouse_stats_up 1',
    'stillhouse_jobs{state="queued"} 2',
    'stillhouse_jobs{state="succeeded"} 5',
    'stillhouse_oldest_queued_seconds 12.5',
    'stillhouse_outbox_pending 1',
    'stillhouse_outbox_oldest_seconds 0.25',
    'stillhouse_workers 1',
    'stillhouse_worker_slots 2',
    'stillhouse_worker_slots_busy 1',
  ])
    expect(response.body.split('\n')).toContain(line)
})

test('without the database the process still shows itself, and nothing stale', async () => {
  await scrape()
  t.service.state.failWith = new Error('database is gone')
  const body = await scrape()
  expect(body).toContain('stillhouse_stats_up 0')
  expect(body).toContain('process_resident_memory_bytes')
  expect(body).not.toMatch(/^stillhouse_jobs\{/m)
  expect(body).not.toMatch(/^stillhouse_oldest_queued_seconds /m)
})

test('requests are timed by route and not by path', async () => {
  for (const id of ['a', 'b']) await t.app.inject(`/v1/jobs/${id}`)
  await t.app.inject('/nowhere/at/all')
  const body = await scrape()
  expect(body).toContain(
    'stillhouse_http_request_duration_seconds_count{method="GET",route="/v1/jobs/:id",status="401"} 2',
  )
  expect(body).toContain('route="unmatched",status="404"')
  expect(body).not.toContain('nowhere')
})

test('a blocked event loop is counted and logged', async () => {
  await new Promise((resolve) => setTimeout(resolve, 50))
  const until = performance.now() + 400
  while (performance.now() < until);
  await vi.waitFor(async () => expect(await scrape()).toMatch(/^stillhouse_event_loop_alarms_total [1-9]/m), 5000)
  expect(t.log.some((line) => line.includes('the event loop was blocked'))).toBe(true)
})
