import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { createWorkerMetrics } from './metrics.ts'
import { measuredApi } from './metrics-parts.ts'
import { serveMetrics } from './metrics-server.ts'
import { createFakeService } from './testing/fake-service.ts'
import { DONE, scriptedJob } from './testing/scripted-job.ts'
import { startTestWorker } from './testing/start-test-worker.ts'

const cleanup: (() => unknown)[] = []
afterEach(async () => {
  for (const step of cleanup.splice(0).toReversed()) await step()
})

test('the time of a step is the mean between two reports of a trainer, within a stage', async () => {
  let now = 0
  const metrics = createWorkerMetrics(() => now)
  const step = metrics.watchSteps()
  step({ stage: 'student', step: 10 })
  now += 2000
  step({ stage: 'student', step: 30 })
  now += 50
  step({ stage: 'student', step: 30 })
  now += 100_000
  step({ stage: 'finetune', step: 5 })
  const text = await metrics.registry.metrics()
  expect(text).toContain('stillhouse_worker_step_seconds_count{stage="train"} 1\n')
  expect(text).toContain('stillhouse_worker_step_seconds_sum{stage="train"} 0.1\n')
})

test('heartbeats and uploads are counted, and their failures reach whoever made them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stillhouse-metrics-'))
  cleanup.push(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'weights.bin')
  writeFileSync(file, 'x'.repeat(123))
  const service = createFakeService()
  const metrics = createWorkerMetrics()
  const api = measuredApi(service.api, metrics)
  await api.heartbeat('w', { state: 'active', jobs: [] })
  await api.putBlob('a'.repeat(64), file)
  service.before = () => {
    throw new Error('away')
  }
  await expect(api.heartbeat('w', { state: 'active', jobs: [] })).rejects.toThrow('away')
  await expect(api.putBlob('b'.repeat(64), file)).rejects.toThrow('away')
  const text = await metrics.registry.metrics()
  expect(text).toContain('stillhouse_worker_heartbeats_total{result="heard"} 1\n')
  expect(text).toContain('stillhouse_worker_heartbeats_total{result="failed"} 1\n')
  expect(text).toContain('stillhouse_worker_upload_bytes_total 123\n')
})

test('only /metrics is served, and only to be read', async () => {
  const server = await serveMetrics(createWorkerMetrics().registry, { host: '127.0.0.1', port: 0 })
  cleanup.push(server.close)
  const shown = await fetch(server.url)
  expect(shown.headers.get('content-type')).toContain('text/plain; version=0.0.4')
  expect(await shown.text()).toContain('stillhouse_worker_own_slots ')
  expect((await fetch(server.url, { method: 'POST' })).status).toBe(405)
  expect((await fetch(new URL('/', server.url))).status).toBe(404)
})

test('a worker shows its slots, its trainers and its attempts while it works', async () => {
  const port = await freePort()
  const worker = await startTestWorker({ metrics: { host: '127.0.0.1', port }, slots: 2 })
  cleanup.push(worker.drain)
  const scrape = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const run = [{ steps: { count: 20, everyMs: 40 } }, { exit: 3 }]
  const crashing = worker.run(scriptedJob({ run }))
  await expect.poll(scrape, { timeout: 20_000 }).toContain('stillhouse_worker_own_slots_busy 1\n')
  await crashing
  await worker.run(scriptedJob({ run: [{ say: { type: 'metrics', points: [] } }, DONE] }))
  await expect.poll(scrape, { timeout: 20_000 }).toContain('stillhouse_worker_trainer_exits_total{cause="exit 0"} 1\n')
  const text = await scrape()
  for (const line of [
    'stillhouse_worker_own_slots 2',
    'stillhouse_worker_own_slots_busy 0',
    'stillhouse_worker_reports_pending 0',
    'stillhouse_worker_trainer_exits_total{cause="exit 3"} 1',
    'stillhouse_worker_attempts_total{outcome="failed",code="trainer.crashed"} 1',
    'stillhouse_worker_attempts_total{outcome="succeeded",code=""} 1',
  ])
    expect(text.split('\n')).toContain(line)
  expect(text).toMatch(/^stillhouse_worker_heartbeats_total\{result="heard"\} [1-9]/m)
  expect(text).toMatch(/^stillhouse_worker_step_seconds_count\{stage="train"\} [1-9]/m)
})

async function freePort(): Promise<number> {
  const probe = await serveMetrics(createWorkerMetrics().registry, { host: '127.0.0.1', port: 0 })
  await probe.close()
  return Number(new URL(probe.url).port)
}
