// Models that may serve as teachers: uploaded ones, students of finished jobs, and teachers trained before.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ModelFiles, TrainedTeacher, UploadedModel } from '@stillhouse/spec'
import type { ApiContext } from '../../context.ts'
import { faulty } from '../../http/compile-validator.ts'
import { empty, json } from '../../openapi/responses.ts'
import { callerOf } from '../../plugins/auth.ts'
import { JobId, ModelId, TeacherKey } from './parameters.ts'

export const modelRoutes: FastifyPluginAsyncTypebox<ApiContext> = async (app, { service }) => {
  app.get(
    '/v1/models/:id',
    {
      config: { access: ['jobs:read', 'worker'], errors: ['model.not_found'] },
      schema: {
        operationId: 'getModel',
        tags: ['models'],
        summary: 'Get an uploaded model',
        params: ModelId,
        response: { 200: json('The model', UploadedModel) },
      },
    },
    async (request) => service.as(callerOf(request)).getModel(request.params.id),
  )

  app.get(
    '/v1/models/:id/files',
    {
      config: { access: ['jobs:read', 'worker'], errors: ['model.not_found'] },
      schema: {
        operationId: 'getModelFiles',
        tags: ['models'],
        summary: 'The files of an uploaded model; their content is under /v1/blobs',
        params: ModelId,
        response: { 200: json('The files', ModelFiles) },
      },
    },
    async (request) => service.as(callerOf(request)).getModelFiles(request.params.id),
  )

  app.get(
    '/v1/jobs/:id/model',
    {
      config: { access: ['jobs:read', 'worker'], errors: ['job.not_found', 'model.not_found'] },
      schema: {
        operationId: 'getJobModel',
        tags: ['models'],
        summary: 'The student of a succeeded job, as files; their content is under /v1/blobs',
        params: JobId,
        response: { 200: json('The files', ModelFiles) },
      },
    },
    async (request) => service.as(callerOf(request)).getJobModel(request.params.id),
  )

  app.get(
    '/v1/teachers/:key',
    {
      config: { access: ['worker'], errors: ['model.not_found'] },
      schema: {
        operationId: 'getTeacher',
        tags: ['workers'],
        summary: 'A teacher trained before, by the hash of what determines it',
        params: TeacherKey,
        response: { 200: json('The teacher', TrainedTeacher) },
      },
    },
    async ({ params }) => service.getTeacher(params.key),
  )

  app.put(
    '/v1/teachers/:key',
    {
      config: { access: ['worker'], errors: ['blob.not_found'] },
      schema: {
        operationId: 'saveTeacher',
        tags: ['workers'],
        summary: 'Keep a trained teacher for later jobs',
        params: TeacherKey,
        body: TrainedTeacher,
        response: { 204: empty('Kept') },
      },
    },
    async ({ params, body }, reply) => {
      if (body.key !== params.key)
        throw faulty([
          { path: '/key', message: 'the key differs from the path', expected: params.key, received: body.key },
        ])
      await service.saveTeacher(body)
      return reply.code(204).send()
    },
  )
}
