// Webhooks: where a team wants to hear of its jobs, and the record of what it was told. The secret of one leaves once.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { IssuedWebhook, NewWebhook, WebhookDelivery, WebhookDeliveryPage, WebhookPage } from '@stillhouse/spec'
import { Type } from 'typebox'
import type { ApiContext } from '../../context.ts'
import { empty, json } from '../../openapi/responses.ts'
import { callerOf } from '../../plugins/auth.ts'
import { DeliveryPath, PageCursor, PageLimit, TeamQuery, teamPageOf, teamPageQuery, WebhookId } from './parameters.ts'

const deliveriesQuery = Type.Object({ limit: PageLimit, cursor: PageCursor }, { additionalProperties: false })

export const webhookRoutes: FastifyPluginAsyncTypebox<ApiContext> = async (app, { service }) => {
  const tags = ['webhooks']

  app.post(
    '/v1/webhooks',
    {
      config: { access: ['admin'], errors: ['team.not_found', 'quota.webhooks'] },
      schema: {
        operationId: 'createWebhook',
        tags,
        summary: 'Hear of the jobs of a team: each change of state is POSTed, signed, until it is taken',
        querystring: TeamQuery,
        body: NewWebhook,
        response: { 201: json('The webhook, and its secret this once', IssuedWebhook) },
      },
    },
    async (request, reply) => {
      const team = await service.as(callerOf(request)).inTeam(request.query.team)
      const issued = await team.createWebhook(request.body)
      return reply.code(201).header('cache-control', 'no-store').send(issued)
    },
  )

  app.get(
    '/v1/webhooks',
    {
      config: { access: ['admin'], errors: ['team.not_found'] },
      schema: {
        operationId: 'listWebhooks',
        tags,
        summary: 'List webhooks, newest first',
        querystring: teamPageQuery({}),
        response: { 200: json('One page', WebhookPage) },
      },
    },
    async (request) => service.as(callerOf(request)).listWebhooks(teamPageOf(request.query)),
  )

  app.delete(
    '/v1/webhooks/:id',
    {
      config: { access: ['admin'], errors: ['webhook.not_found'] },
      schema: {
        operationId: 'deleteWebhook',
        tags,
        summary: 'Delete a webhook: what it was not told yet it will not hear',
        params: WebhookId,
        response: { 204: empty('Deleted') },
      },
    },
    async (request, reply) => {
      await service.as(callerOf(request)).deleteWebhook(request.params.id)
      return reply.code(204).send()
    },
  )

  app.get(
    '/v1/webhooks/:id/deliveries',
    {
      config: { access: ['admin'], errors: ['webhook.not_found'] },
      schema: {
        operationId: 'listDeliveries',
        tags,
        summary: 'What a webhook was told, newest first; kept for a month',
        params: WebhookId,
        querystring: deliveriesQuery,
        response: { 200: json('One page', WebhookDeliveryPage) },
      },
    },
    async (request) => {
      const { limit = 50, cursor } = request.query
      const page = { id: request.params.id, limit, ...(cursor === undefined ? {} : { cursor }) }
      return service.as(callerOf(request)).listDeliveries(page)
    },
  )

  app.post(
    '/v1/webhooks/:id/deliveries/:delivery/replay',
    {
      config: { access: ['admin'], errors: ['webhook.not_found'] },
      schema: {
        operationId: 'replayDelivery',
        tags,
        summary: 'Tell a webhook something again, at once and under the same id',
        params: DeliveryPath,
        response: { 202: json('The delivery, on its way again', WebhookDelivery) },
      },
    },
    async (request, reply) => {
      const delivery = await service.as(callerOf(request)).replayDelivery(request.params)
      return reply.code(202).send(delivery)
    },
  )
}
