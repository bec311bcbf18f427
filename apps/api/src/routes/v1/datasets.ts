// Data sets that were sent: what there is, and what they are made of.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Dataset, DatasetPage } from '@stillhouse/spec'
import { Type } from 'typebox'
import type { ApiContext } from '../../context.ts'
import { json } from '../../openapi/responses.ts'
import { DatasetId } from './parameters.ts'

const PageQuery = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
    cursor: Type.Optional(Type.String({ maxLength: 200, description: 'nextCursor of the page before' })),
  },
  { additionalProperties: false },
)

export const datasetRoutes: FastifyPluginAsyncTypebox<ApiContext> = async (app, { service }) => {
  app.get(
    '/v1/datasets',
    {
      config: { access: ['jobs:read'] },
      schema: {
        operationId: 'listDatasets',
        tags: ['datasets'],
        summary: 'List data sets, newest first',
        querystring: PageQuery,
        response: { 200: json('One page', DatasetPage) },
      },
    },
    async ({ query: { limit = 50, cursor } }) =>
      service.listDatasets({ limit, ...(cursor === undefined ? {} : { cursor }) }),
  )

  app.get(
    '/v1/datasets/:id',
    {
      config: { access: ['jobs:read', 'worker'], errors: ['dataset.not_found'] },
      schema: {
        operationId: 'getDataset',
        tags: ['datasets'],
        summary: 'Get a data set with its files; for workers their content is under /v1/blobs',
        params: DatasetId,
        response: { 200: json('The data set', Dataset) },
      },
    },
    async ({ params }) => service.getDataset(params.id),
  )
}
