// Submitting several jobs that wait for each other, in one document. All of them are taken, or none.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ApiError } from '@stillhouse/kit'
import { type Fault, GraphValidation, JobGraph, MOST_IN_GRAPH } from '@stillhouse/spec'
import { type TSchema, Type } from 'typebox'
import { documentBody, idempotencyHeader, takeDocuments } from '../../body/take-documents.ts'
import { checkGraph, checkGraphWhole, graphFaultsAsWritten } from '../../check-graph.ts'
import type { ApiContext } from '../../context.ts'
import { summarize } from '../../http/compile-validator.ts'
import { JobInput } from '../../openapi/job-input.ts'
import { json } from '../../openapi/responses.ts'
import { callerOf } from '../../plugins/auth.ts'
import { TeamQuery } from './parameters.ts'

const MAX_VALUES = 20_000

/** Only for the document: handlers check bodies themselves. */
const GraphInput = {
  ...Type.Object({}, { additionalProperties: false }),
  required: ['jobs'],
  properties: {
    jobs: {
      type: 'object',
      minProperties: 1,
      maxProperties: MOST_IN_GRAPH,
      additionalProperties: JobInput,
      description:
        'Jobs by names of your choice. In `after` and `teacher.from.job` such a name may stand for the id that the job ' +
        'is going to have; a job without a `name` of its own is called by it.',
    },
  },
} as unknown as TSchema

export const jobGraphRoutes: FastifyPluginAsyncTypebox<ApiContext> = async (app, context) => {
  takeDocuments(app, MAX_VALUES)

  app.post(
    '/v1/job-graphs',
    {
      config: {
        access: ['jobs:write'],
        errors: ['spec.invalid', 'team.not_found', 'idempotency.mismatch', 'quota.jobs_queued', 'quota.artifact_bytes'],
      },
      schema: {
        operationId: 'submitJobGraph',
        tags: ['jobs'],
        summary: 'Submit several jobs that wait for each other: all of them, or none',
        querystring: TeamQuery,
        headers: idempotencyHeader('the jobs'),
        body: documentBody(GraphInput),
        response: {
          200: json('The jobs that this Idempotency-Key made before', JobGraph, { 'Idempotency-Replayed': 'true' }),
          201: json('The jobs, queued or waiting for others', JobGraph),
        },
      },
    },
    async (request, reply) => {
      const key = request.headers['idempotency-key']
      const team = await context.service.as(callerOf(request)).inTeam(request.query.team)
      const { jobs, faults } = await checkGraph(request.body, context, team)
      if (faults.length > 0) throw refused(faults)
      const submission = { jobs, bodyHash: request.bodyHash, ...(key === undefined ? {} : { idempotencyKey: key }) }
      const { jobs: made, replayed } = await team.submitGraph(submission).catch((error: unknown) => {
        const isFaulty = error instanceof ApiError && error.code === 'spec.invalid'
        throw isFaulty ? refused(graphFaultsAsWritten(error.faults ?? [], jobs)) : error
      })
      if (!replayed) return reply.code(201).send({ jobs: made })
      return reply.header('idempotency-replayed', 'true').send({ jobs: made })
    },
  )

  app.post(
    '/v1/job-graphs/validate',
    {
      config: { access: ['jobs:read', 'jobs:write'], errors: ['team.not_found'] },
      schema: {
        operationId: 'validateJobGraph',
        tags: ['jobs'],
        summary: 'Check several jobs of one document without submitting them: every fault at once',
        querystring: TeamQuery,
        body: documentBody(GraphInput),
        response: { 200: json('Whether they would be taken, and the faults', GraphValidation) },
      },
    },
    async (request) => {
      const team = await context.service.as(callerOf(request)).inTeam(request.query.team)
      const faults = await checkGraphWhole(request.body, context, team)
      return { valid: faults.length === 0, faults: [...faults] }
    },
  )
}

function refused(faults: readonly Fault[]): ApiError {
  return new ApiError('spec.invalid', summarize('The document', faults), { faults: [...faults] })
}
