import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { createTestApp, type TestApp } from '../testing/test-app.ts'

let t: TestApp

beforeAll(async () => {
  t = createTestApp({ config: { eventLoopAlarmMs: 150, statsKeptMs: 0 } })
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
    'stillhouse_webhook_pending 4',
    'stillhouse_webhook_oldest_seconds 6.5',
    'stillhouse_workers 1',
    'stillhouse_worker_slots 2',
    'stillhouse_worker_slots_busy 1',
  ])
    expect(response.body.split('\n')).toContain(line)
})

test('waits, training and what happened are shown by team', async () => {
  const lines = (await scrape()).split('\n')
  for (const line of [
    'stillhouse_waiting_jobs{team="default",reason="busy"} 2',
    String.raw`stillhouse_waiting_jobs_by_needs{needs="{\"gpus\":1}"} 2`,
    'stillhouse_oldest_wait_seconds{team="default"} 12.5',
    'stillhouse_training_jobs{team="default"} 1',
    'stillhouse_training_images_per_second{team="default"} 640',
    'stillhouse_training_step_seconds{team="default"} 0.05',
    'stillhouse_attempts_total{team="default",ending="failed",class="infrastructure",code="worker.lost"} 3',
    'stillhouse_slot_seconds_total{team="default"} 120',
    'stillhouse_gpu_seconds_total{team="default"} 60',
  ])
    expect(lines).toContain(line)
})

test('waits in the queue are a histogram, each class with those below it', async () => {
  const lines = (await scrape()).split('\n')
  const labels = 'team="default",until="start"'
  expect(lines).toContain('# TYPE stillhouse_queue_wait_seconds histogram')
  for (const [le, count] of [
    ['0.5', 0],
    ['1', 2],
    ['2.5', 2],
    ['5', 3],
    ['+Inf', 3],
  ] as const)
    expect(lines).toContain(`stillhouse_queue_wait_seconds_bucket{${labels},le="${le}"} ${count}`)
  expect(lines).toContain(`stillhouse_queue_wait_seconds_sum{${labels}} 5.25`)
  expect(lines).toContain(`stillhouse_queue_wait_seconds_count{${labels}} 3`)
})

test('the background work of this replica is shown, without what it has not done yet', async () => {
  const body = await scrape()
  for (const line of [
    'stillhouse_leader 1',
    'stillhouse_background_rounds_total{loop="dispatch"} 7',
    'stillhouse_background_failures_total{loop="dispatch"} 1',
    'stillhouse_background_round_seconds{loop="dispatch"} 0.02',
    'stillhouse_background_idle_seconds{loop="dispatch"} 0.5',
    'stillhouse_dispatched_total 4',
    'stillhouse_outbox_relayed_total 5',
    'stillhouse_mended_total{kind="expired-leases"} 2',
  ])
    expect(body.split('\n')).toContain(line)
  expect(body).not.toContain('stillhouse_background_round_seconds{loop="sweep"}')
})

test('a counter shows the same number however often it is looked at', async () => {
  await scrape()
  expect(await scrape()).toContain('stillhouse_dispatched_total 4\n')
})

test('scrapes that come together look into the database once', async () => {
  const many = createTestApp({ config: { statsKeptMs: 60_000 } })
  let asked = 0
  const stats = many.service.stats
  many.service.stats = async () => {
    asked += 1
    return stats()
  }
  await Promise.all([1, 2, 3].map(() => many.app.inject('/metrics')))
  await many.app.inject('/metrics')
  expect(asked).toBe(1)
  await many.app.close()
})

test('without the database the process still shows itself, and nothing stale', async () => {
  await scrape()
  t.service.state.failWith = new Error('database is gone')
  const body = await scrape()
  expect(body).toContain('stillhouse_stats_up 0')
  expect(body).toContain('process_resident_memory_bytes')
  expect(body).not.toMatch(/^stillhouse_jobs\{/m)
  expect(body).not.toMatch(/^stillhouse_oldest_queued_seconds /m)
  expect(body).not.toMatch(/^stillhouse_(attempts_total|queue_wait_seconds_count)\{/m)
  expect(body).toContain('stillhouse_leader 1')
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
