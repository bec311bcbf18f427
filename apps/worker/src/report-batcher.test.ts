import type { MetricPoint, Report } from '@stillhouse/spec'
import { expect, it } from 'vitest'
import { BATCH_LIMITS } from './report-backlog.ts'
import { createReportBatcher } from './report-batcher.ts'

const NEVER = 60_000
const point = (seq: number): MetricPoint => ({ seq, name: 'loss', stage: 's', step: seq, epoch: 0, value: 0 })
const points = (count: number): MetricPoint[] => Array.from({ length: count }, (_, index) => point(index + 1))

function collect(everyMs = NEVER) {
  const sent: Report[] = []
  const batcher = createReportBatcher({ everyMs, send: async (report) => void sent.push(report) })
  return { sent, batcher }
}

it('sends by itself after the interval', async () => {
  const { sent, batcher } = collect(5)
  batcher.addMetrics([point(1)])
  expect(sent).toEqual([])
  await expect.poll(() => sent.length).toBe(1)
  expect(sent[0]).toEqual({ batch: 1, metrics: [point(1)], logs: [], events: [] })
})

it('splits a flood into numbered batches without losing a point', async () => {
  const { sent, batcher } = collect()
  batcher.addMetrics(points(BATCH_LIMITS.metrics * 2 + 1))
  await batcher.flush()
  expect(sent.map(({ batch, metrics }) => [batch, metrics.length])).toEqual([
    [1, BATCH_LIMITS.metrics],
    [2, BATCH_LIMITS.metrics],
    [3, 1],
  ])
  expect(sent.flatMap(({ metrics }) => metrics)).toEqual(points(BATCH_LIMITS.metrics * 2 + 1))
})

it('keeps a batch below a size that an HTTP server takes, however long the log lines are', async () => {
  const { sent, batcher } = collect()
  for (let line = 0; line < 40; line += 1) batcher.addLog('info', 'x'.repeat(30_000))
  await batcher.flush()
  expect(sent.length).toBeGreaterThan(1)
  expect(Math.max(...sent.map((report) => JSON.stringify(report).length))).toBeLessThan(300_000)
  expect(sent.flatMap(({ logs }) => logs)).toHaveLength(40)
})

it('sends only the newest progress', async () => {
  const { sent, batcher } = collect()
  const progress = { stage: 's', stageIndex: 0, stageCount: 1, steps: 9, epoch: 0, epochs: 1 }
  batcher.setProgress({ ...progress, step: 1 })
  batcher.setProgress({ ...progress, step: 2 })
  await batcher.flush()
  expect(sent.map((report) => report.progress?.step)).toEqual([2])
})

it('sends one batch at a time, and a flush waits for what was added while one was on its way', async () => {
  const order: string[] = []
  const batcher = createReportBatcher({
    everyMs: NEVER,
    send: async ({ batch }) => {
      order.push(`start ${batch}`)
      if (batch === 1) batcher.addMetrics([point(2)])
      await new Promise((resolve) => setTimeout(resolve, 5))
      order.push(`end ${batch}`)
    },
  })
  batcher.addMetrics([point(1)])
  const first = batcher.flush()
  batcher.addMetrics([point(3)])
  await Promise.all([first, batcher.flush()])
  expect(order).toEqual(['start 1', 'end 1', 'start 2', 'end 2'])
})

it('drops log lines rather than memory when they come faster than they can be sent, and says how many', async () => {
  const { sent, batcher } = collect()
  for (let line = 0; line < 10_005; line += 1) batcher.addLog('debug', 'x')
  await batcher.flush()
  expect(sent.flatMap(({ logs }) => logs.map(({ message }) => message)).at(-1)).toMatch(/^5 log lines were dropped/)
})

it('says so when a batch cannot be delivered', async () => {
  const batcher = createReportBatcher({ everyMs: NEVER, send: () => Promise.reject(new Error('refused')) })
  batcher.addMetrics([point(1)])
  await expect(batcher.flush()).rejects.toThrow('refused')
  expect(batcher.failed.aborted).toBe(true)
})

it('fails rather than drop metrics when a backlog has no end', () => {
  const { batcher } = collect()
  for (let part = 0; part < 51; part += 1) batcher.addMetrics(points(10_000))
  expect(batcher.failed.aborted).toBe(true)
  batcher.close()
})
