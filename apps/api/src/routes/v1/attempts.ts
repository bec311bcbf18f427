// What a worker says about one attempt of a job. The attempt number is the fencing token: whoever lost it hears 409.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ArtifactReport, CheckpointReport, Claim, ClaimRequest, JOB_STATES, Outcome, Report } from '@stillhouse/spec'
import { Type } from 'typebox'
import type { ApiContext } from '../../context.ts'
import { empty, json } from '../../openapi/responses.ts'
import { AttemptPath, JobId } from './parameters.ts'

const STALE = ['job.not_found', 'attempt.stale'] as const

export const attemptRoutes: FastifyPluginAsyncTypebox<ApiContext> = async (app, { service, config }) => {
  const tags = ['workers']

  app.post(
    '/v1/jobs/:id/claim',
    {
      config: { access: ['worker'], errors: [...STALE, 'worker.not_found'] },
      schema: {
        operationId: 'claimJob',
        tags,
        summary: 'Take over an attempt that the queue handed out',
        params: JobId,
        body: ClaimRequest,
        response: { 200: json('All that is needed to run it', Claim) },
      },
    },
    async ({ params, body }) => service.claim(params.id, body),
  )

  app.post(
    '/v1/jobs/:id/attempts/:attempt/reports',
    {
      bodyLimit: config.reportLimit,
      config: { access: ['worker'], errors: STALE, quiet: true },
      schema: {
        operationId: 'report',
        tags,
        summary: 'Report metrics, logs, events and progress; a repeated batch is dropped',
        params: AttemptPath,
        body: Report,
        response: { 204: empty('Recorded') },
      },
    },
    async ({ params, body }, reply) => {
      await service.report(refOf(params), body)
      return reply.code(204).send()
    },
  )

  app.post(
    '/v1/jobs/:id/attempts/:attempt/checkpoints',
    {
      config: { access: ['worker'], errors: [...STALE, 'blob.not_found'] },
      schema: {
        operationId: 'saveCheckpoint',
        tags,
        summary: 'Announce a checkpoint whose blobs are stored',
        params: AttemptPath,
        body: CheckpointReport,
        response: { 204: empty('Recorded') },
      },
    },
    async ({ params, body }, reply) => {
      await service.saveCheckpoint(refOf(params), body)
      return reply.code(204).send()
    },
  )

  app.post(
    '/v1/jobs/:id/attempts/:attempt/artifacts',
    {
      config: { access: ['worker'], errors: [...STALE, 'blob.not_found'] },
      schema: {
        operationId: 'saveArtifacts',
        tags,
        summary: 'Announce artifacts whose blobs are stored',
        params: AttemptPath,
        body: ArtifactReport,
        response: { 204: empty('Recorded') },
      },
    },
    async ({ params, body }, reply) => {
      await service.saveArtifacts(refOf(params), body)
      return reply.code(204).send()
    },
  )

  app.post(
    '/v1/jobs/:id/attempts/:attempt/outcome',
    {
      config: { access: ['worker'], errors: STALE },
      schema: {
        operationId: 'finish',
        tags,
        summary: 'Say how the attempt ended: the last word about it',
        params: AttemptPath,
        body: Outcome,
        response: {
          200: json(
            'The state that the job is in now',
            Type.Object({ state: Type.Enum([...JOB_STATES]) }, { additionalProperties: false }),
          ),
        },
      },
    },
    async ({ params, body }) => ({ state: await service.finish(refOf(params), body) }),
  )
}

function refOf({ id, attempt }: { id: string; attempt: number }): { jobId: string; attempt: number } {
  return { jobId: id, attempt }
}
