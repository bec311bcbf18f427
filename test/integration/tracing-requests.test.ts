// Requests as spans: what gets in, what stays out.
import { startTelemetry } from '@stillhouse/kit'
import { startOtlpCollector } from '@stillhouse/testkit'
import { afterEach, expect, test, vi } from 'vitest'
import { as, createTestApp, MINIMAL_JOB } from '../../apps/api/src/testing/test-app.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const cleanup: (() => unknown)[] = []
afterEach(async () => {
  for (const step of cleanup.splice(0).toReversed()) await step()
  vi.unstubAllEnvs()
})

async function traced() {
  const collector = await startOtlpCollector()
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', collector.url)
  const t = createTestApp()
  const telemetry = await startTelemetry({ service: 'stillhouse-api', logger: t.app.log as never })
  cleanup.push(collector.close, () => t.app.close(), telemetry.close)
  return { t, collector, telemetry }
}

test('a request is a span by its route, refused ones too, and only a fault of the service is an error', async () => {
  const { t, collector, telemetry } = await traced()
  await t.app.inject('/v1/jobs')
  t.service.state.failWith = new Error('connection lost')
  await t.app.inject({ url: '/v1/jobs/00000000-0000-4000-8000-000000000000', headers: as('reader') })
  await t.app.inject('/nowhere/at/all')
  await t.app.inject('/metrics')
  await telemetry.close()
  expect(collector.spans.map(({ name, error }) => [name, error])).toEqual([
    ['GET /v1/jobs', undefined],
    ['GET /v1/jobs/:id', '500'],
    ['GET', undefined],
  ])
  expect(collector.spans.map(({ attributes }) => attributes['http.response.status_code'])).toEqual([401, 500, 404])
  expect(new Set(collector.spans.map(({ traceId }) => traceId)).size).toBe(3)
})

test('no header, query, body or key gets into a span', async () => {
  const { t, collector, telemetry } = await traced()
  const payload = { ...MINIMAL_JOB, description: 'swordfish-in-the-body' }
  const headers = { ...as('writer'), cookie: 'swordfish=1', 'user-agent': 'swordfish' }
  await t.app.inject({ method: 'POST', url: '/v1/jobs?team=swordfish', payload, headers })
  await t.app.inject({ url: '/v1/jobs?token=swordfish', headers: { authorization: 'Bearer swordfish-wrong' } })
  await telemetry.close()
  expect(collector.spans).toHaveLength(2)
  const everything = JSON.stringify(collector.spans)
  for (const secret of ['swordfish', 'Bearer', as('writer').authorization.slice(7)])
    expect(everything).not.toContain(secret)
})

test('what a request starts is handed its context, and its log lines carry the trace', async () => {
  const { t, collector, telemetry } = await traced()
  const traceparent = `00-${TRACE}-b7ad6b7169203331-01`
  const headers = { ...as('writer'), traceparent }
  await t.app.inject({ method: 'POST', url: '/v1/jobs', payload: MINIMAL_JOB, headers })
  await telemetry.close()
  const [span] = collector.spans
  expect(span).toMatchObject({ traceId: TRACE, parentSpanId: 'b7ad6b7169203331' })
  expect(t.service.callers.at(-1)?.traceparent).toBe(`00-${TRACE}-${span?.spanId}-01`)
  const [line] = t.log.filter((text) => text.includes('"msg":"request"'))
  expect(JSON.parse(line ?? '{}')).toMatchObject({ traceId: TRACE, requestId: expect.any(String) })
})
