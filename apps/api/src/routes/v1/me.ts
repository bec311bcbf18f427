// What a key says about itself to its holder.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Me, SCOPES } from '@stillhouse/spec'
import type { ApiContext } from '../../context.ts'
import { json } from '../../openapi/responses.ts'
import { callerOf } from '../../plugins/auth.ts'

export const meRoutes: FastifyPluginAsyncTypebox<ApiContext> = async (app) => {
  app.get(
    '/v1/me',
    {
      config: { access: SCOPES },
      schema: {
        operationId: 'getMe',
        tags: ['access'],
        summary: 'Which key this is: its team, its scopes, when it expires',
        response: { 200: json('The key of this call', Me) },
      },
    },
    async (request) => {
      const { keyId: id, keyName: name, scopes } = callerOf(request)
      return {
        id,
        name,
        team: request.apiKey?.team ?? null,
        scopes: [...scopes],
        expiresAt: request.apiKey?.expiresAt ?? null,
      }
    },
  )
}
