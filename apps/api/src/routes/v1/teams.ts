// Teams and their quotas. An administrator of a team sees its own.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { NewTeam, Team, TeamChange, TeamList } from '@stillhouse/spec'
import type { ApiContext } from '../../context.ts'
import { json } from '../../openapi/responses.ts'
import { callerOf } from '../../plugins/auth.ts'
import { TeamPath } from './parameters.ts'

export const teamRoutes: FastifyPluginAsyncTypebox<ApiContext> = async (app, { service }) => {
  const tags = ['access']

  app.post(
    '/v1/teams',
    {
      config: { access: ['admin'], errors: ['team.exists'] },
      schema: {
        operationId: 'createTeam',
        tags,
        summary: 'Make a team; only with a key of the cluster',
        body: NewTeam,
        response: { 201: json('The team', Team, { Location: 'the team' }) },
      },
    },
    async (request, reply) => {
      const team = await service.as(callerOf(request)).createTeam(request.body)
      return reply.code(201).header('location', `/v1/teams/${team.name}`).send(team)
    },
  )

  app.get(
    '/v1/teams',
    {
      config: { access: ['admin'] },
      schema: {
        operationId: 'listTeams',
        tags,
        summary: 'List the teams, with their quotas and what of them is in use',
        response: { 200: json('All teams, by name', TeamList) },
      },
    },
    async (request) => ({ items: await service.as(callerOf(request)).listTeams() }),
  )

  app.get(
    '/v1/teams/:name',
    {
      config: { access: ['admin'], errors: ['team.not_found'] },
      schema: {
        operationId: 'getTeam',
        tags,
        summary: 'Get a team',
        params: TeamPath,
        response: { 200: json('The team', Team) },
      },
    },
    async (request) => service.as(callerOf(request)).getTeam(request.params.name),
  )

  app.patch(
    '/v1/teams/:name',
    {
      config: { access: ['admin'], errors: ['team.not_found'] },
      schema: {
        operationId: 'updateTeam',
        tags,
        summary: 'Change the weight or quotas of a team; only with a key of the cluster. Those that are not given stay',
        params: TeamPath,
        body: TeamChange,
        response: { 200: json('The team', Team) },
      },
    },
    async (request) => service.as(callerOf(request)).updateTeam({ ...request.params, ...request.body }),
  )
}
