// For load balancers and orchestrators: is the process alive, and can it do its work?
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { ApiContext } from '../context.ts'
import { within } from '../http/within.ts'
import { json } from '../openapi/responses.ts'

const strict = { additionalProperties: false } as const
const Health = Type.Object({ status: Type.Literal('ok') }, strict)
const Readiness = Type.Object({ database: Type.Boolean(), queue: Type.Boolean(), artifacts: Type.Boolean() }, strict)

const NOTHING_READY = { database: false, queue: false, artifacts: false }
/** Shorter than the patience of any orchestrator's probe. */
const TIMEOUT_MS = 4000

export const healthRoutes: FastifyPluginAsyncTypebox<ApiContext> = async (app, { service }) => {
  app.get(
    '/healthz',
    {
      config: { access: 'public', quiet: true, unlimited: true },
      schema: {
        operationId: 'getHealth',
        tags: ['service'],
        summary: 'Whether the process is alive',
        response: { 200: json('It is', Health) },
      },
    },
    async () => ({ status: 'ok' as const }),
  )

  app.get(
    '/readyz',
    {
      config: { access: 'public', quiet: true, unlimited: true },
      schema: {
        operationId: 'getReadiness',
        tags: ['service'],
        summary: 'Whether database, queue and artifact store answer',
        response: { 200: json('All of them do', Readiness), 503: json('One of them does not', Readiness) },
      },
    },
    async (request, reply) => {
      const readiness = await within(service.ready(), TIMEOUT_MS).catch((error: unknown) => {
        request.log.warn({ err: error }, 'readiness could not be told')
        return NOTHING_READY
      })
      const ready = readiness.database && readiness.queue && readiness.artifacts
      return reply.code(ready ? 200 : 503).send(readiness)
    },
  )
}
