// Workers: who they are, and that they live.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { RegisteredWorker, RegisterWorker, WorkerHeartbeat, WorkerList, WorkerOrders } from '@stillhouse/spec'
import type { ApiContext } from '../../context.ts'
import { empty, json } from '../../openapi/responses.ts'
import { WorkerId } from './parameters.ts'

export const workerRoutes: FastifyPluginAsyncTypebox<ApiContext> = async (app, { service }) => {
  app.get(
    '/v1/workers',
    {
      config: { access: ['jobs:read'] },
      schema: {
        operationId: 'listWorkers',
        tags: ['workers'],
        summary: 'List the workers',
        response: { 200: json('All workers', WorkerList) },
      },
    },
    async () => ({ items: await service.listWorkers() }),
  )

  app.post(
    '/v1/workers',
    {
      config: { access: ['worker'] },
      schema: {
        operationId: 'registerWorker',
        tags: ['workers'],
        summary: 'Register as a worker',
        body: RegisterWorker,
        response: { 201: json('The identity to report with', RegisteredWorker) },
      },
    },
    async ({ body }, reply) => reply.code(201).send(await service.registerWorker(body)),
  )

  app.post(
    '/v1/workers/:id/heartbeat',
    {
      config: { access: ['worker'], errors: ['worker.not_found'], quiet: true },
      schema: {
        operationId: 'heartbeat',
        tags: ['workers'],
        summary: "Renew the leases of all of a worker's jobs and hear what to do with each",
        params: WorkerId,
        body: WorkerHeartbeat,
        response: { 200: json('An order per job', WorkerOrders) },
      },
    },
    async ({ params, body }) => service.heartbeat(params.id, body),
  )

  app.delete(
    '/v1/workers/:id',
    {
      config: { access: ['worker'], errors: ['worker.not_found'] },
      schema: {
        operationId: 'removeWorker',
        tags: ['workers'],
        summary: 'Sign off; jobs still held go back to the queue',
        params: WorkerId,
        response: { 204: empty('Gone') },
      },
    },
    async ({ params }, reply) => {
      await service.removeWorker(params.id)
      return reply.code(204).send()
    },
  )
}
