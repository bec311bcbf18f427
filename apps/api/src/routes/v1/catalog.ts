// The catalogue: what may be named in a job spec, with the schemas from which forms and editors are made.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Catalog } from '@stillhouse/spec'
import type { ApiContext } from '../../context.ts'
import { json } from '../../openapi/responses.ts'

export const catalogRoutes: FastifyPluginAsyncTypebox<ApiContext> = async (app, { catalog }) => {
  app.get(
    '/v1/catalog',
    {
      config: { access: ['jobs:read'] },
      schema: {
        operationId: 'getCatalog',
        tags: ['catalog'],
        summary: 'Methods, models, data and exports that a job may name, and the JSON Schema of a job',
        response: { 200: json('The catalogue', Catalog) },
      },
    },
    async () => catalog,
  )
}
