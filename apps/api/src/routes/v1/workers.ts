// Workers: who they are, that they live, and what is wanted of them.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import {
  RegisteredWorker,
  RegisterWorker,
  Worker,
  WorkerChange,
  WorkerHeartbeat,
  WorkerList,
  WorkerOrders,
} from '@stillhouse/spec'
import type { ApiContext } from '../../context.ts'
import { empty, json } from '../../openapi/responses.ts'
import { callerOf } from '../../plugins/auth.ts'
import { WorkerId } from './parameters.ts'

export const workerRoutes: FastifyPluginAsyncTypebox<ApiContext> = async (app, { service }) => {
  app.get(
    '/v1/workers',
    {
      config: { access: ['jobs:read'] },
      schema: {
        operationId: 'listWorkers',
        tags: ['workers'],
        summary: 'List the workers, with the jobs that they run: those that the key may see',
        response: { 200: json('All workers', WorkerList) },
      },
    },
    async (request) => ({ items: await service.as(callerOf(request)).listWorkers() }),
  )

  app.patch(
    '/v1/workers/:id',
    {
      config: { access: ['admin'], errors: ['worker.not_found'] },
      schema: {
        operationId: 'changeWorker',
        tags: ['workers'],
        summary:
          'Cordon a worker (it takes no new jobs), drain it (it also hands back those it runs) or make it active again; ' +
          'only with a key of the cluster',
        params: WorkerId,
        body: WorkerChange,
        response: { 200: json('The worker', Worker) },
      },
    },
    async (request) => service.as(callerOf(request)).changeWorker({ ...request.params, ...request.body }),
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
