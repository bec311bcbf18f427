// The record of who changed what, for administrators. One of a team sees what concerns the team.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { AUDIT_ACTIONS, AuditPage } from '@stillhouse/spec'
import { Type } from 'typebox'
import type { ApiContext } from '../../context.ts'
import { json } from '../../openapi/responses.ts'
import { callerOf } from '../../plugins/auth.ts'
import { PLAIN_TEXT, teamPageOf, teamPageQuery } from './parameters.ts'

const AuditQuery = teamPageQuery({
  action: Type.Optional(Type.Enum([...AUDIT_ACTIONS])),
  target: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 100,
      pattern: PLAIN_TEXT,
      description: 'id of what was changed; of a team its name',
    }),
  ),
})

export const auditRoutes: FastifyPluginAsyncTypebox<ApiContext> = async (app, { service }) => {
  app.get(
    '/v1/audit',
    {
      config: { access: ['admin'], errors: ['team.not_found'] },
      schema: {
        operationId: 'listAudit',
        tags: ['access'],
        summary: 'Who changed what and when, newest first',
        querystring: AuditQuery,
        response: { 200: json('One page', AuditPage) },
      },
    },
    async (request) => {
      const { action, target, ...page } = request.query
      const filter = {
        ...teamPageOf(page),
        ...(action === undefined ? {} : { action }),
        ...(target === undefined ? {} : { target }),
      }
      return service.as(callerOf(request)).listAudit(filter)
    },
  )
}
