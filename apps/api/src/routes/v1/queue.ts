// The queue as a whole: whose turn it is, and why each job waits.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { QueueView, TEAM_NAME_PATTERN } from '@stillhouse/spec'
import { Type } from 'typebox'
import type { ApiContext } from '../../context.ts'
import { json } from '../../openapi/responses.ts'
import { callerOf } from '../../plugins/auth.ts'

const QueueQuery = Type.Object(
  {
    team: Type.Optional(Type.String({ pattern: TEAM_NAME_PATTERN, description: 'only the jobs of this team' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50, description: 'jobs that are listed' })),
  },
  { additionalProperties: false },
)

export const queueRoutes: FastifyPluginAsyncTypebox<ApiContext> = async (app, { service }) => {
  app.get(
    '/v1/queue',
    {
      config: { access: ['jobs:read'], errors: ['team.not_found'] },
      schema: {
        operationId: 'getQueue',
        tags: ['jobs'],
        summary: 'The whole queue: shares of the teams, and who is next and why',
        querystring: QueueQuery,
        response: { 200: json('The queue as it is now', QueueView) },
      },
    },
    async (request) => {
      const { team, limit = 50 } = request.query
      return service.as(callerOf(request)).showQueue({ limit, ...(team === undefined ? {} : { team }) })
    },
  )
}
