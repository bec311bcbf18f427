// Prometheus metrics of this replica: its HTTP traffic, its event loop, and the state of the queue as the service sees it.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { KeyHolder, QueueStats } from '@stillhouse/jobs'
import { ApiError } from '@stillhouse/kit'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { Type } from 'typebox'
import type { ApiContext } from '../context.ts'
import { within } from '../http/within.ts'
import { content } from '../openapi/responses.ts'

const LOOP_CHECK_MS = 1000
/** Less than the patience of a scrape. */
const STATS_MS = 3000

export const metrics = fp<ApiContext>(
  async (app, { service, config }) => {
    const registry = new Registry()
    collectDefaultMetrics({ register: registry })
    observeRequests(app, registry)
    observeEventLoop(app, registry, config.eventLoopAlarmMs)
    const showStats = statsGauges(registry)
    app.get(
      '/metrics',
      {
        config: { access: config.metricsPublic ? 'public' : ['jobs:read'], quiet: true },
        schema: {
          operationId: 'getPrometheusMetrics',
          tags: ['service'],
          summary: 'Metrics of the service in the Prometheus text format',
          response: { 200: content('Prometheus text format', { 'text/plain': Type.String() }) },
        },
      },
      async (request, reply) => {
        requireCluster(request.apiKey)
        // metrics of this process are wanted most when the database is down
        const stats = await within(service.stats(), STATS_MS).catch((error: unknown) => {
          request.log.warn({ err: error }, 'the queue could not be counted')
          return null
        })
        showStats(stats)
        return reply.type(registry.contentType).send(await registry.metrics())
      },
    )
  },
  { name: 'metrics', dependencies: ['route-contract'] },
)

/** The numbers are those of all teams together. */
function requireCluster(key: KeyHolder | null): void {
  if (key === null || key.teamId === null) return
  const detail = `The API key "${key.name}" belongs to a team. Only a key of the cluster may read the metrics of the service.`
  throw new ApiError('auth.forbidden', detail)
}

function observeRequests(app: FastifyInstance, registry: Registry): void {
  const durations = new Histogram({
    name: 'stillhouse_http_request_duration_seconds',
    help: 'Time from request to the end of the response, by route',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [registry],
  })
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unmatched'
    durations.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000)
  })
}

/** Training must never run in this process; a loop that blocks means that something does. */
function observeEventLoop(app: FastifyInstance, registry: Registry, alarmMs: number): void {
  const delay = monitorEventLoopDelay({ resolution: 20 })
  const lag = new Gauge({
    name: 'stillhouse_event_loop_lag_max_seconds',
    help: 'Longest delay of the event loop in the last second',
    registers: [registry],
  })
  const alarms = new Counter({
    name: 'stillhouse_event_loop_alarms_total',
    help: 'How often the event loop was blocked for longer than the alarm limit',
    registers: [registry],
  })
  delay.enable()
  const timer = setInterval(() => {
    const maxMs = delay.max / 1e6
    delay.reset()
    lag.set(maxMs / 1000)
    if (maxMs < alarmMs) return
    alarms.inc()
    app.log.warn({ maxMs: Math.round(maxMs), alarmMs }, 'the event loop was blocked')
  }, LOOP_CHECK_MS)
  timer.unref()
  app.addHook('onClose', async () => {
    clearInterval(timer)
    delay.disable()
  })
}

/** Gauges that are set at each scrape. Without stats only `stillhouse_stats_up` says so, and nothing stale is shown. */
function statsGauges(registry: Registry): (stats: QueueStats | null) => void {
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: `stillhouse_${name}`, help, labelNames, registers: [registry] })
  const up = gauge('stats_up', '1 when the numbers of the queue could be read')
  const jobs = gauge('jobs', 'Jobs by state', ['state'])
  const simple: [Gauge, (stats: QueueStats) => number][] = [
    [gauge('oldest_queued_seconds', 'Age of the job that has waited longest'), (stats) => stats.oldestQueuedSeconds],
    [gauge('outbox_pending', 'Hand-overs to the queue not yet made'), (stats) => stats.outboxPending],
    [gauge('outbox_oldest_seconds', 'Age of the oldest of them'), (stats) => stats.outboxOldestSeconds],
    [gauge('workers', 'Workers that report'), (stats) => stats.workers.active],
    [gauge('worker_slots', 'Jobs that they can run at a time'), (stats) => stats.workers.slots],
    [gauge('worker_slots_busy', 'Jobs that they run'), (stats) => stats.workers.busy],
  ]
  return (stats) => {
    up.set(stats === null ? 0 : 1)
    jobs.reset()
    for (const [state, count] of Object.entries(stats?.jobs ?? {})) jobs.set({ state }, count)
    for (const [one, read] of simple) {
      if (stats === null) one.remove()
      else one.set(read(stats))
    }
  }
}
