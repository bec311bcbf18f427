// Spans on their way to a collector that speaks OTLP over HTTP.

import { createLogger, startSpan, startTelemetry, type Telemetry, traceIdOf } from '@stillhouse/kit'
import { type OtlpCollector, startOtlpCollector } from '@stillhouse/testkit'
import { afterEach, expect, test, vi } from 'vitest'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const PARENT = `00-${TRACE}-b7ad6b7169203331-01`
const logger = createLogger('test', 'silent')

const cleanup: (() => unknown)[] = []
afterEach(async () => {
  for (const step of cleanup.splice(0).toReversed()) await step()
  vi.unstubAllEnvs()
})

async function withCollector(env: Record<string, string> = {}): Promise<{ c: OtlpCollector; telemetry: Telemetry }> {
  const c = await startOtlpCollector()
  cleanup.push(c.close)
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', c.url)
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
  const telemetry = await startTelemetry({ service: 'stillhouse-test', logger })
  cleanup.push(telemetry.close)
  return { c, telemetry }
}

test('without a collector nothing is recorded, and a parent goes on as it came', async () => {
  const telemetry = await startTelemetry({ service: 'stillhouse-test', logger })
  expect(telemetry.enabled).toBe(false)
  expect(startSpan('alone')).toMatchObject({ traceparent: null, traceId: null })
  expect(startSpan('child', { parent: PARENT })).toMatchObject({ traceparent: PARENT, traceId: TRACE })
  await telemetry.close()
})

test.each([
  ['the SDK is disabled', { OTEL_SDK_DISABLED: 'true' }],
  ['no exporter is wanted', { OTEL_TRACES_EXPORTER: 'none' }],
])('nothing is recorded when %s', async (_why, env) => {
  expect((await withCollector(env)).telemetry.enabled).toBe(false)
})

test('spans reach the collector with their parents, times, attributes and the process they come from', async () => {
  const { c, telemetry } = await withCollector({ OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=lab' })
  const startedAt = new Date(Date.now() - 5000)
  const outer = startSpan('outer', { parent: PARENT, kind: 'server', startedAt, attributes: { 'http.route': '/x' } })
  startSpan('inner', { parent: outer.traceparent }).end({ error: 'worker.lost' })
  outer.end({ attributes: { 'http.response.status_code': 201 } })
  outer.end({ attributes: { 'http.response.status_code': 500 } })
  await telemetry.close()
  const [inner, one] = c.spans
  expect(c.spans).toHaveLength(2)
  expect(one).toMatchObject({
    name: 'outer',
    traceId: TRACE,
    parentSpanId: 'b7ad6b7169203331',
    kind: 2,
    attributes: { 'http.route': '/x', 'http.response.status_code': 201 },
    resource: { 'service.name': 'stillhouse-test', 'deployment.environment.name': 'lab' },
    error: undefined,
  })
  expect(one?.startMs).toBe(startedAt.getTime())
  expect(inner).toMatchObject({ name: 'inner', traceId: TRACE, parentSpanId: one?.spanId, error: 'worker.lost' })
})

test('a parent that is not sampled keeps its whole trace out', async () => {
  const { c, telemetry } = await withCollector()
  const span = startSpan('quiet', { parent: PARENT.replace(/01$/, '00') })
  span.end()
  await telemetry.close()
  expect(span.traceparent).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`))
  expect(c.spans).toEqual([])
})

test('a collector that does not answer holds up neither the work nor the end', async () => {
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', 'http://127.0.0.1:1')
  const telemetry = await startTelemetry({ service: 'stillhouse-test', logger })
  startSpan('lost').end()
  const began = performance.now()
  await telemetry.close()
  expect(performance.now() - began).toBeLessThan(6000)
})

test.each([
  ['', null],
  [null, null],
  [`${PARENT}-more`, null],
  [`01-${PARENT.slice(3)}-more`, TRACE],
  [`ff-${PARENT.slice(3)}`, null],
  [PARENT.toUpperCase(), null],
  [`00-${'0'.repeat(32)}-b7ad6b7169203331-01`, null],
  [`00-${TRACE}-${'0'.repeat(16)}-01`, null],
  [PARENT, TRACE],
])('of %o the trace is %o', (text, trace) => {
  expect(traceIdOf(text)).toBe(trace)
})
