// API keys. An administrator of a team makes and sees keys of that team only. Secrets leave once, and are never logged.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ApiKeyPage, IssuedKey, NewApiKey } from '@stillhouse/spec'
import { Type } from 'typebox'
import type { ApiContext } from '../../context.ts'
import { empty, json } from '../../openapi/responses.ts'
import { callerOf } from '../../plugins/auth.ts'
import { KeyId, teamPageOf, teamPageQuery } from './parameters.ts'

/** A week. */
const MOST_GRACE_SECONDS = 604_800

const rotation = Type.Object(
  {
    graceSeconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: MOST_GRACE_SECONDS,
        default: 0,
        description: 'how long the secret before stays valid, so that its holders can change over',
      }),
    ),
  },
  { additionalProperties: false },
)

export const keyRoutes: FastifyPluginAsyncTypebox<ApiContext> = async (app, { service }) => {
  const tags = ['access']
  const once = 'The key, and its secret this once'

  app.post(
    '/v1/keys',
    {
      config: { access: ['admin'], errors: ['team.not_found'] },
      schema: {
        operationId: 'createKey',
        tags,
        summary: 'Make an API key',
        body: NewApiKey,
        response: { 201: json(once, IssuedKey) },
      },
    },
    async (request, reply) => {
      const issued = await service.as(callerOf(request)).createKey(request.body)
      return reply.code(201).header('cache-control', 'no-store').send(issued)
    },
  )

  app.get(
    '/v1/keys',
    {
      config: { access: ['admin'], errors: ['team.not_found'] },
      schema: {
        operationId: 'listKeys',
        tags,
        summary: 'List API keys, newest first, also those that are no longer valid',
        querystring: teamPageQuery({}),
        response: { 200: json('One page', ApiKeyPage) },
      },
    },
    async (request) => service.as(callerOf(request)).listKeys(teamPageOf(request.query)),
  )

  app.post(
    '/v1/keys/:id/rotate',
    {
      config: { access: ['admin'], errors: ['key.not_found', 'key.state_conflict'] },
      schema: {
        operationId: 'rotateKey',
        tags,
        summary: 'Give an API key another secret',
        params: KeyId,
        querystring: rotation,
        response: { 200: json(once, IssuedKey) },
      },
    },
    async (request, reply) => {
      const { params, query } = request
      const asked = { id: params.id, graceSeconds: query.graceSeconds ?? 0 }
      const issued = await service.as(callerOf(request)).rotateKey(asked)
      return reply.header('cache-control', 'no-store').send(issued)
    },
  )

  app.delete(
    '/v1/keys/:id',
    {
      config: { access: ['admin'], errors: ['key.not_found', 'key.state_conflict'] },
      schema: {
        operationId: 'revokeKey',
        tags,
        summary: 'Revoke an API key: its next call is refused',
        params: KeyId,
        response: { 204: empty('Revoked') },
      },
    },
    async (request, reply) => {
      await service.as(callerOf(request)).revokeKey(request.params.id)
      return reply.code(204).send()
    },
  )
}
