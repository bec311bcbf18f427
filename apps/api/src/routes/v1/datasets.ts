// Data sets that were sent: what there is, and what they are made of.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Dataset, DatasetPage, TEAM_NAME_PATTERN } from '@stillhouse/spec'
import { Type } from 'typebox'
import type { ApiContext } from '../../context.ts'
import { json } from '../../openapi/responses.ts'
import { callerOf } from '../../plugins/auth.ts'
import { DatasetId, teamPageOf, teamPageQuery } from './parameters.ts'

const PageQuery = teamPageQuery({})
const OneQuery = Type.Object(
  {
    team: Type.Optional(
      Type.String({ pattern: TEAM_NAME_PATTERN, description: 'only if this team has it, and so may name it in jobs' }),
    ),
  },
  { additionalProperties: false },
)

export const datasetRoutes: FastifyPluginAsyncTypebox<ApiContext> = async (app, { service }) => {
  app.get(
    '/v1/datasets',
    {
      config: { access: ['jobs:read'], errors: ['team.not_found'] },
      schema: {
        operationId: 'listDatasets',
        tags: ['datasets'],
        summary: 'List data sets, newest first',
        querystring: PageQuery,
        response: { 200: json('One page', DatasetPage) },
      },
    },
    async (request) => service.as(callerOf(request)).listDatasets(teamPageOf(request.query)),
  )

  app.get(
    '/v1/datasets/:id',
    {
      config: { access: ['jobs:read', 'worker'], errors: ['team.not_found', 'dataset.not_found'] },
      schema: {
        operationId: 'getDataset',
        tags: ['datasets'],
        summary: 'Get a data set with its files; for workers their content is under /v1/blobs',
        params: DatasetId,
        querystring: OneQuery,
        response: { 200: json('The data set', Dataset) },
      },
    },
    async (request) => {
      const { params, query } = request
      const user = service.as(callerOf(request))
      return (query.team === undefined ? user : await user.inTeam(query.team)).getDataset(params.id)
    },
  )
}
