// What the service found to disagree and mended, and the order to look at everything now. For administrators of the cluster.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { MEND_KINDS, type MendKind, MendPage, Reconciliation } from '@stillhouse/spec'
import { Type } from 'typebox'
import type { ApiContext } from '../../context.ts'
import { json } from '../../openapi/responses.ts'
import { callerOf } from '../../plugins/auth.ts'
import { PageCursor, PageLimit } from './parameters.ts'

const strict = { additionalProperties: false } as const

const MendQuery = Type.Object(
  {
    kind: Type.Optional(Type.Enum(Object.keys(MEND_KINDS) as MendKind[])),
    limit: PageLimit,
    cursor: PageCursor,
  },
  strict,
)

const ReconcileQuery = Type.Object(
  {
    dryRun: Type.Optional(Type.Boolean({ default: false, description: 'only look, and say what would be mended' })),
    cursor: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9_-]{1,1024}$',
        description: '`nextCursor` of the call before: go on from there',
      }),
    ),
  },
  strict,
)

export const mendRoutes: FastifyPluginAsyncTypebox<ApiContext> = async (app, { service }) => {
  const tags = ['service']

  app.get(
    '/v1/mends',
    {
      config: { access: ['admin'] },
      schema: {
        operationId: 'listMends',
        tags,
        summary: 'What was found to disagree and was mended, newest first',
        querystring: MendQuery,
        response: { 200: json('One page', MendPage) },
      },
    },
    async (request) => {
      const { kind, limit = 50, cursor } = request.query
      const filter = { limit, ...(kind === undefined ? {} : { kind }), ...(cursor === undefined ? {} : { cursor }) }
      return service.as(callerOf(request)).listMends(filter)
    },
  )

  app.post(
    '/v1/reconcile',
    {
      config: { access: ['admin'] },
      schema: {
        operationId: 'reconcile',
        tags,
        summary: 'Compare database, queue, workers and artifact store now, and mend what disagrees',
        querystring: ReconcileQuery,
        response: { 200: json('What was found and mended', Reconciliation) },
      },
    },
    async (request) => {
      const { dryRun = false, cursor } = request.query
      return service.as(callerOf(request)).reconcile({ dryRun, ...(cursor === undefined ? {} : { cursor }) })
    },
  )
}
