// Submitting a job, and checking one without submitting it. The body is a job spec in JSON or YAML, as a user writes it.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { TeamService } from '@stillhouse/jobs'
import { ApiError } from '@stillhouse/kit'
import { type Fault, faultsAsWritten, Job, type JobSpec, parseJobSpec, Validation } from '@stillhouse/spec'
import { type TSchema, Type } from 'typebox'
import { parseJson } from '../../body/parse-json.ts'
import { parseYaml } from '../../body/parse-yaml.ts'
import type { ApiContext } from '../../context.ts'
import { dataSourceFaults } from '../../data-source-faults.ts'
import { compileValidatorExceptBody, summarize } from '../../http/compile-validator.ts'
import { keptTeachers } from '../../kept-teachers.ts'
import { lookUpOnce } from '../../look-up-once.ts'
import { JobInput } from '../../openapi/job-input.ts'
import { json } from '../../openapi/responses.ts'
import { callerOf } from '../../plugins/auth.ts'
import { addTextParser } from '../../plugins/bodies.ts'
import { teacherSourceFaults } from '../../teacher-source-faults.ts'
import { forTeam } from './parameters.ts'

const YAML_TYPES = ['application/yaml', 'text/yaml', 'application/x-yaml', 'text/x-yaml']
/** Scalars and containers in a spec; each unknown field costs a search for the nearest known one. */
const MAX_VALUES = 5000

const body = {
  content: Object.fromEntries(['application/json', ...YAML_TYPES].map((type) => [type, { schema: JobInput }])),
} as TSchema

const querystring = Type.Object({ team: forTeam }, { additionalProperties: false })

const headers = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      pattern: '^[\\x21-\\x7e]{1,255}$',
      description: 'Makes a repeat of this request harmless: it answers with the job of the first one.',
    }),
  ),
})

export const submitJobRoutes: FastifyPluginAsyncTypebox<ApiContext> = async (app, context) => {
  app.removeContentTypeParser('application/json')
  addTextParser(app, ['application/json'], parseJson, MAX_VALUES)
  addTextParser(app, YAML_TYPES, parseYaml, MAX_VALUES)
  app.setValidatorCompiler(compileValidatorExceptBody)

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
        querystring,
        headers,
        body,
        response: {
          200: json('The job that this Idempotency-Key made before', Job, {
            Location: 'the job',
            'Idempotency-Replayed': 'true',
          }),
          201: json('The queued job', Job, { Location: 'the job' }),
        },
      },
    },
    async (request, reply) => {
      const key = request.headers['idempotency-key']
      const team = await context.service.as(callerOf(request)).inTeam(request.query.team)
      const { job, replayed } = await team.submit({
        spec: await acceptSpec(request.body, context, team),
        bodyHash: request.bodyHash,
        ...(key === undefined ? {} : { idempotencyKey: key }),
      })
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
        querystring,
        body,
        response: { 200: json('The canonical spec, or the faults', Validation) },
      },
    },
    async (request) => {
      const team = await context.service.as(callerOf(request)).inTeam(request.query.team)
      const checked = await checkSpec(request.body, context, team)
      return Array.isArray(checked)
        ? { valid: false, spec: null, faults: [...checked] }
        : { valid: true, spec: checked as JobSpec, faults: [] }
    },
  )
}

async function acceptSpec(body: unknown, context: ApiContext, team: TeamService): Promise<JobSpec> {
  const checked = await checkSpec(body, context, team)
  if (Array.isArray(checked))
    throw new ApiError('spec.invalid', summarize('The job spec', checked), { faults: checked })
  return checked as JobSpec
}

/**
 * The canonical spec, or its faults: those of the spec itself and, as far as it can be read, those of its shelf entries
 * and of the teachers and data sets it takes from elsewhere.
 */
async function checkSpec(body: unknown, context: ApiContext, team: TeamService): Promise<JobSpec | readonly Fault[]> {
  const parsed = parseJobSpec(body)
  const readable = parsed.ok ? parsed.spec : parsed.draft
  const found = readable === undefined ? [] : faultsAsWritten(await outerFaults(readable, context, team), body)
  if (parsed.ok) return found.length > 0 ? found : parsed.spec
  const known = new Set(parsed.faults.map(({ path }) => path))
  return [...parsed.faults, ...found.filter(({ path }) => !known.has(path))]
}

/** What the schema cannot tell: the shelves first, then what the service keeps of the team. */
async function outerFaults(spec: JobSpec, context: ApiContext, team: TeamService): Promise<Fault[]> {
  const service = lookUpOnce(team)
  return [
    ...context.checkJob(spec, await keptTeachers(spec, service)),
    ...(await teacherSourceFaults(spec, { ...context, service })),
    ...(await dataSourceFaults(spec, team)),
  ]
}
