// Submitting a job, and checking one without submitting it. The body is a job spec in JSON or YAML, as a user writes it.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { TeamService } from '@stillhouse/jobs'
import { ApiError } from '@stillhouse/kit'
import { type Fault, faultsAsWritten, Job, Validation } from '@stillhouse/spec'
import { documentBody, idempotencyHeader, takeDocuments } from '../../body/take-documents.ts'
import { checkSpec, checkSpecWhole } from '../../check-spec.ts'
import type { ApiContext } from '../../context.ts'
import { summarize } from '../../http/compile-validator.ts'
import { lookUpOnce } from '../../look-up-once.ts'
import { JobInput } from '../../openapi/job-input.ts'
import { json } from '../../openapi/responses.ts'
import { callerOf } from '../../plugins/auth.ts'
import { TeamQuery } from './parameters.ts'

const MAX_VALUES = 5000

export const submitJobRoutes: FastifyPluginAsyncTypebox<ApiContext> = async (app, context) => {
  takeDocuments(app, MAX_VALUES)

  app.post(
    '/v1/jobs',
    {
      config: {
        access: ['jobs:write'],
        errors: ['spec.invalid', 'team.not_found', 'idempotency.mismatch', 'quota.jobs_queued', 'quota.artifact_bytes'],
      },
      schema: {
        operationId: 'submitJob',
        tags: ['jobs'],
        summary: 'Submit a job',
        querystring: TeamQuery,
        headers: idempotencyHeader('the job'),
        body: documentBody(JobInput),
        response: {
          200: json('The job that this Idempotency-Key made before', Job, {
            Location: 'the job',
            'Idempotency-Replayed': 'true',
          }),
          201: json('The job, queued or waiting for others', Job, { Location: 'the job' }),
        },
      },
    },
    async (request, reply) => {
      const key = request.headers['idempotency-key']
      const team = await context.service.as(callerOf(request)).inTeam(request.query.team)
      const { job, replayed } = await submitSpec({ body: request.body, bodyHash: request.bodyHash, key }, context, team)
      reply.header('location', `/v1/jobs/${job.id}`)
      if (!replayed) return reply.code(201).send(job)
      return reply.header('idempotency-replayed', 'true').send(job)
    },
  )

  app.post(
    '/v1/jobs/validate',
    {
      config: { access: ['jobs:read', 'jobs:write'], errors: ['team.not_found'] },
      schema: {
        operationId: 'validateJob',
        tags: ['jobs'],
        summary: 'Check a job spec without submitting it: every fault at once',
        querystring: TeamQuery,
        body: documentBody(JobInput),
        response: { 200: json('The canonical spec, or the faults', Validation) },
      },
    },
    async (request) => {
      const team = await context.service.as(callerOf(request)).inTeam(request.query.team)
      const checked = await checkSpecWhole(request.body, { context, teachers: lookUpOnce(team), team })
      return checked.ok
        ? { valid: true, spec: checked.spec, faults: [] }
        : { valid: false, spec: null, faults: [...checked.faults] }
    },
  )
}

async function submitSpec(
  { body, bodyHash, key }: { body: unknown; bodyHash: string; key: string | undefined },
  context: ApiContext,
  team: TeamService,
): Promise<{ job: Job; replayed: boolean }> {
  const checked = await checkSpec(body, { context, teachers: lookUpOnce(team), team })
  if (!checked.ok) throw refused(checked.faults)
  const submission = { spec: checked.spec, bodyHash, ...(key === undefined ? {} : { idempotencyKey: key }) }
  return team.submit(submission).catch((error: unknown) => {
    const isFaulty = error instanceof ApiError && error.code === 'spec.invalid' && error.faults !== undefined
    throw isFaulty ? refused(faultsAsWritten(error.faults ?? [], body)) : error
  })
}

function refused(faults: readonly Fault[]): ApiError {
  return new ApiError('spec.invalid', summarize('The job spec', faults), { faults: [...faults] })
}
