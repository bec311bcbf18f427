// What running jobs report: metrics, logs, events, progress – numbered, in order, none lost, none twice.
import { expect, test } from 'vitest'
import { points, reportWith, useJobs } from './jobs-harness.ts'

const jobs = useJobs({ leaseSeconds: 30 })

const progress = { stage: 'student', stageIndex: 0, stageCount: 1, step: 5, steps: 10, epoch: 0.5, epochs: 1 }

test('metrics come back in order, page by page', async () => {
  const { running, service } = jobs()
  const { id } = await running()
  const ref = { jobId: id, attempt: 1 }
  await service.report(ref, reportWith(1, { metrics: points(1, 3) }))
  await service.report(ref, reportWith(2, { metrics: points(4, 5) }))
  expect(await service.listMetrics(id, { after: 0, limit: 2 })).toEqual({
    items: points(1, 2),
    lastSeq: 2,
    complete: false,
  })
  expect((await service.listMetrics(id, { after: 2, limit: 10 })).items).toEqual(points(3, 5))
  expect(await service.listMetrics(id, { after: 5, limit: 10 })).toEqual({ items: [], lastSeq: 5, complete: false })
})

test('metrics can be asked for by name', async () => {
  const { running, service } = jobs()
  const { id } = await running()
  const metrics = points(1, 4).map((point, index) => ({ ...point, name: index % 2 ? 'accuracy' : 'loss' }))
  await service.report({ jobId: id, attempt: 1 }, reportWith(1, { metrics }))
  const { items, lastSeq } = await service.listMetrics(id, { after: 0, limit: 10, name: 'accuracy' })
  expect(items.map((point) => point.seq)).toEqual([2, 4])
  expect(lastSeq).toBe(4)
  expect((await service.listMetrics(id, { after: 0, limit: 10, name: 'a\u0000' })).items).toEqual([])
})

test('a repeated batch is dropped whole', async () => {
  const { running, service } = jobs()
  const { id } = await running()
  const batch = reportWith(1, {
    metrics: points(1, 2),
    logs: [{ at: '2026-01-02T03:04:05.678Z', level: 'info', message: 'hello' }],
    events: [{ type: 'note', data: { attempt: 1, message: 'once' } }],
  })
  await Promise.all([1, 2, 3].map(() => service.report({ jobId: id, attempt: 1 }, batch)))
  expect((await service.listMetrics(id, { after: 0, limit: 10 })).items).toHaveLength(2)
  expect((await service.listLogs(id, { after: 0, limit: 10 })).items).toEqual([
    { seq: 1, attempt: 1, at: '2026-01-02T03:04:05.678Z', level: 'info', message: 'hello' },
  ])
  const { items } = await service.listEvents(id, { after: 3, limit: 10 })
  expect(items).toMatchObject([{ seq: 4, type: 'note', data: { message: 'once' } }])
})

test('a resumed attempt repeats numbers: the newer values stand, and what lies beyond the end is trimmed', async () => {
  const { running, exportModel, handOut, service } = jobs()
  const { id, workerId } = await running()
  await service.report({ jobId: id, attempt: 1 }, reportWith(1, { metrics: points(1, 9, 1) }))
  await service.finish({ jobId: id, attempt: 1 }, { outcome: 'handed-back', reason: 'drain' })
  await handOut()
  await service.claim(id, { workerId, attempt: 2 })
  const ref = { jobId: id, attempt: 2 }
  await service.report(ref, reportWith(1, { metrics: points(4, 7, 2) }))
  await exportModel(ref)
  await service.finish(ref, { outcome: 'succeeded', metrics: {}, metricSeq: 7 })
  const { items, complete } = await service.listMetrics(id, { after: 0, limit: 100 })
  expect(items.map((point) => point.value)).toEqual([1, 1, 1, 2, 2, 2, 2])
  expect(items.map((point) => point.seq)).toEqual([1, 2, 3, 4, 5, 6, 7])
  expect(complete).toBe(true)
})

test('ten thousand points and as many log lines are one quick call', async () => {
  const { running, service } = jobs()
  const { id } = await running()
  const logs = Array.from({ length: 10_000 }, (_, n) => ({
    at: new Date(n).toISOString(),
    level: 'info' as const,
    message: `line ${n}`,
  }))
  const started = performance.now()
  await service.report({ jobId: id, attempt: 1 }, reportWith(1, { metrics: points(1, 10_000), logs }))
  expect(performance.now() - started).toBeLessThan(5000)
  expect((await service.listMetrics(id, { after: 9_998, limit: 10 })).items).toEqual(points(9_999, 10_000))
  const { items } = await service.listLogs(id, { after: 9_999, limit: 10 })
  expect(items).toMatchObject([{ seq: 10_000, message: 'line 9999' }])
})

test('events of many writers at once are numbered without gap or repetition', async () => {
  const { running, service, context } = jobs()
  const { id } = await running()
  const note = (message: string) => ({ type: 'note' as const, data: { attempt: 1, message } })
  await Promise.all(
    Array.from({ length: 40 }, (_, n) =>
      n % 2
        ? service.report(
            { jobId: id, attempt: 1 },
            reportWith(n, { events: [note(`a${n}`), note(`b${n}`)], metrics: points(n, n) }),
          )
        : context.db.transaction((tx) => tx.events.append(id, [note(`c${n}`)])),
    ),
  )
  const { items } = await service.listEvents(id, { after: 0, limit: 1000 })
  expect(items).toHaveLength(3 + 20 * 2 + 20)
  expect(items.map((event) => event.seq)).toEqual(items.map((_, index) => index + 1))
})

test('progress is kept each time and told at most once a second', async () => {
  const { running, service } = jobs()
  const { id } = await running()
  const ref = { jobId: id, attempt: 1 }
  for (const step of [1, 2, 3]) await service.report(ref, reportWith(step, { progress: { ...progress, step } }))
  expect((await service.getJob(id)).progress).toEqual({ ...progress, step: 3 })
  const { items } = await service.listEvents(id, { after: 3, limit: 10 })
  expect(items).toMatchObject([{ type: 'progress', data: { attempt: 1, progress: { step: 1 } } }])
  await new Promise((resolve) => setTimeout(resolve, 1050))
  await service.report(ref, reportWith(4, { progress: { ...progress, step: 4 } }))
  expect((await service.listEvents(id, { after: 4, limit: 10 })).items).toMatchObject([
    { data: { progress: { step: 4 } } },
  ])
})

test('events tell of the attempt that reports them, whatever they claim', async () => {
  const { running, service } = jobs()
  const { id } = await running()
  const event = { type: 'eval' as const, data: { attempt: 7, stage: 's', step: 1, metrics: { accuracy: 0.5 } } }
  await service.report({ jobId: id, attempt: 1 }, reportWith(1, { events: [event] }))
  expect((await service.listEvents(id, { after: 3, limit: 10 })).items).toMatchObject([
    { type: 'eval', data: { attempt: 1, metrics: { accuracy: 0.5 } } },
  ])
})

test('text that PostgreSQL cannot hold does not fail a report', async () => {
  const { running, service } = jobs()
  const { id } = await running()
  const message = 'nul \u0000, half \uD83E, whole 🥃, \\u0000'
  const metrics = points(1, 1).map((point) => ({ ...point, name: 'a\u0000b' }))
  await service.report(
    { jobId: id, attempt: 1 },
    reportWith(1, {
      metrics,
      logs: [{ at: new Date().toISOString(), level: 'warn', message }],
      events: [{ type: 'note', data: { attempt: 1, message } }],
      progress: { ...progress, stage: 's\u0000' },
    }),
  )
  const storable = 'nul \uFFFD, half \uFFFD, whole 🥃, \\u0000'
  expect((await service.listLogs(id, { after: 0, limit: 1 })).items[0]?.message).toBe(storable)
  expect((await service.listEvents(id, { after: 3, limit: 1 })).items[0]?.data).toMatchObject({ message: storable })
  expect((await service.listMetrics(id, { after: 0, limit: 1 })).items[0]?.name).toBe('a\uFFFDb')
})

test('the largest numbers that JSON may carry fit', async () => {
  const { running, service } = jobs()
  const { id } = await running()
  const most = Number.MAX_SAFE_INTEGER
  const metrics = [{ seq: most, name: 'loss', stage: 's', step: most, epoch: 1e300, value: 5e-324 }]
  await service.report({ jobId: id, attempt: 1 }, { ...reportWith(most), metrics })
  expect((await service.listMetrics(id, { after: most - 1, limit: 1 })).items).toEqual(metrics)
  expect((await service.listMetrics(id, { after: most, limit: 1 })).items).toEqual([])
  expect((await service.listEvents(id, { after: most, limit: 1 })).items).toEqual([])
  await expect(service.report({ jobId: id, attempt: most }, reportWith(1))).rejects.toMatchObject({
    code: 'attempt.stale',
  })
})

test('log lines and events say when nothing follows', async () => {
  const { running, service } = jobs()
  const { id } = await running()
  const logs = [1, 2].map((n) => ({ at: new Date().toISOString(), level: 'info' as const, message: `${n}` }))
  await service.report({ jobId: id, attempt: 1 }, reportWith(1, { logs }))
  await service.finish({ jobId: id, attempt: 1 }, { outcome: 'failed', code: 'data.invalid', message: 'bad' })
  expect((await service.listLogs(id, { after: 0, limit: 2 })).complete).toBe(false)
  expect(await service.listLogs(id, { after: 2, limit: 2 })).toEqual({ items: [], lastSeq: 2, complete: true })
  expect((await service.listEvents(id, { after: 0, limit: 10 })).complete).toBe(true)
})
