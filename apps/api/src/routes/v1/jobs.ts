// Jobs: finding them and steering them.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { JOB_STATES, Job, JobChange, JobPage } from '@stillhouse/spec'
import { Type } from 'typebox'
import type { ApiContext } from '../../context.ts'
import { faulty } from '../../http/compile-validator.ts'
import { json } from '../../openapi/responses.ts'
import { callerOf } from '../../plugins/auth.ts'
import { JobId, teamPageOf, teamPageQuery } from './parameters.ts'

const LABEL = '^[A-Za-z0-9._/-]{1,63}=[^\\u0000-\\u001f\\u007f]{0,128}$'

const ListQuery = teamPageQuery({
  state: Type.Optional(Type.Enum([...JOB_STATES])),
  label: Type.Optional(
    Type.Array(Type.String({ pattern: LABEL }), {
      maxItems: 16,
      description: '`key=value`; may be given several times, all must hold',
    }),
  ),
})

export const jobRoutes: FastifyPluginAsyncTypebox<ApiContext> = async (app, { service }) => {
  app.get(
    '/v1/jobs',
    {
      config: { access: ['jobs:read'], errors: ['team.not_found'] },
      schema: {
        operationId: 'listJobs',
        tags: ['jobs'],
        summary: 'List jobs, newest first',
        querystring: ListQuery,
        response: { 200: json('One page of jobs', JobPage) },
      },
    },
    async (request) => {
      const { state, label = [], ...page } = request.query
      const filter = { labels: labelsOf(label), ...teamPageOf(page), ...(state === undefined ? {} : { state }) }
      return service.as(callerOf(request)).listJobs(filter)
    },
  )

  app.get(
    '/v1/jobs/:id',
    {
      config: { access: ['jobs:read'], errors: ['job.not_found'] },
      schema: {
        operationId: 'getJob',
        tags: ['jobs'],
        summary: 'Get a job',
        params: JobId,
        response: { 200: json('The job', Job) },
      },
    },
    async (request) => service.as(callerOf(request)).getJob(request.params.id),
  )

  app.patch(
    '/v1/jobs/:id',
    {
      config: { access: ['jobs:write'], errors: ['job.not_found', 'job.state_conflict'] },
      schema: {
        operationId: 'changeJob',
        tags: ['jobs'],
        summary: 'Change the priority of a job that waits or runs',
        params: JobId,
        body: JobChange,
        response: { 200: json('The job; its spec stays as it was sent', Job) },
      },
    },
    async (request) => service.as(callerOf(request)).changeJob({ ...request.body, id: request.params.id }),
  )

  app.post(
    '/v1/jobs/:id/cancel',
    {
      config: { access: ['jobs:write'], errors: ['job.not_found', 'job.state_conflict'] },
      schema: {
        operationId: 'cancelJob',
        tags: ['jobs'],
        summary: 'Cancel a job; a running one stops within seconds and keeps its last checkpoint',
        params: JobId,
        response: { 200: json('The job, cancelled or about to be', Job) },
      },
    },
    async (request) => service.as(callerOf(request)).cancelJob(request.params.id),
  )

  app.post(
    '/v1/jobs/:id/retry',
    {
      config: {
        access: ['jobs:write'],
        errors: ['job.not_found', 'job.state_conflict', 'quota.jobs_queued', 'quota.artifact_bytes'],
      },
      schema: {
        operationId: 'retryJob',
        tags: ['jobs'],
        summary: 'Queue a failed or cancelled job again, as a new attempt from its last checkpoint',
        params: JobId,
        response: { 200: json('The job, queued again or waiting for others', Job) },
      },
    },
    async (request) => service.as(callerOf(request)).retryJob(request.params.id),
  )
}

function labelsOf(pairs: readonly string[]): Record<string, string> {
  const labels: Record<string, string> = {}
  for (const [index, pair] of pairs.entries()) {
    const at = pair.indexOf('=')
    const key = pair.slice(0, at)
    const value = pair.slice(at + 1)
    if (Object.hasOwn(labels, key) && labels[key] !== value)
      throw faulty([
        {
          path: `/query/label/${index}`,
          message: 'a label has one value',
          expected: `${key}=${labels[key]}`,
          received: pair,
        },
      ])
    labels[key] = value
  }
  return labels
}
