// Prometheus metrics of this replica and, as the database tells it, of the whole service.
import { type JobService, type KeyHolder, keepBriefly } from '@stillhouse/jobs'
import { ApiError } from '@stillhouse/kit'
import type { FastifyBaseLogger } from 'fastify'
import fp from 'fastify-plugin'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { Type } from 'typebox'
import type { ApiContext } from '../context.ts'
import { within } from '../http/within.ts'
import { backgroundMetrics } from '../metrics/background-metrics.ts'
import { observeEventLoop } from '../metrics/event-loop-metrics.ts'
import { observeRequests } from '../metrics/http-metrics.ts'
import { queueMetrics } from '../metrics/queue-metrics.ts'
import { totalMetrics } from '../metrics/total-metrics.ts'
import { content } from '../openapi/responses.ts'

/** Less than the patience of a scrape. */
const STATS_MS = 3000

export const metrics = fp<ApiContext>(
  async (app, { service, config }) => {
    const registry = new Registry()
    collectDefaultMetrics({ register: registry })
    observeRequests(app, registry)
    observeEventLoop(app, registry, config.eventLoopAlarmMs)
    const refresh = serviceMetrics(registry, service, config.statsKeptMs)
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
        await refresh(request.log)
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

/** @returns brings what comes from the service up to date; what cannot be had in time is left out */
function serviceMetrics(registry: Registry, service: JobService, keptMs: number) {
  const showStats = queueMetrics(registry)
  const showTotals = totalMetrics(registry)
  const showBackground = backgroundMetrics(registry)
  const look = keepBriefly(async () => ({ stats: await service.stats(), totals: await service.totals() }), keptMs)
  return async (log: FastifyBaseLogger): Promise<void> => {
    // metrics of this process are wanted most when the database is down
    const known = await within(look(), STATS_MS).catch((error: unknown) => {
      log.warn({ err: error }, 'the queue could not be counted')
      return null
    })
    showStats(known?.stats ?? null)
    showTotals(known?.totals ?? null)
    showBackground(service.background())
  }
}
