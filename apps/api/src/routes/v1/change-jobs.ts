// One call about many jobs.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import {
  ChangedJobs,
  type Fault,
  faultsFromSchemaErrors,
  JobsChange,
  LABEL_NAME_PATTERN,
  MOST_CHANGED,
} from '@stillhouse/spec'
import { Compile } from 'typebox/compile'
import type { ApiContext } from '../../context.ts'
import { compileValidatorExceptBody, faulty } from '../../http/compile-validator.ts'
import { json } from '../../openapi/responses.ts'
import { callerOf } from '../../plugins/auth.ts'
import { TeamQuery } from './parameters.ts'

const validator = Compile(JobsChange)

export const changeJobsRoutes: FastifyPluginAsyncTypebox<ApiContext> = async (app, { service }) => {
  // the body has rules that a schema cannot say
  app.setValidatorCompiler(compileValidatorExceptBody)

  app.post(
    '/v1/jobs/actions',
    {
      config: { access: ['jobs:write'], errors: ['team.not_found'] },
      schema: {
        operationId: 'changeJobs',
        tags: ['jobs'],
        summary: `Cancel, retry or give another priority to many jobs, at most ${MOST_CHANGED} a call`,
        querystring: TeamQuery,
        body: JobsChange,
        response: { 200: json('What was changed, and what was not and why', ChangedJobs) },
      },
    },
    async (request) => {
      const team = await service.as(callerOf(request)).inTeam(request.query.team)
      return team.changeJobs(acceptChange(request.body))
    },
  )
}

function acceptChange(body: unknown): JobsChange {
  if (!validator.Check(body)) throw faulty(faultsFromSchemaErrors(validator.Errors(body), body, JobsChange))
  const faults = ruleFaults(body)
  if (faults.length > 0) throw faulty(faults)
  return body
}

function ruleFaults({ action, priority, labels, ids }: JobsChange): Fault[] {
  const faults: Fault[] = []
  if (labels === undefined && ids === undefined)
    faults.push({ path: '', message: 'say which jobs', expected: 'labels, ids or both', received: 'neither' })
  // the schema checks the values of well-named labels only
  for (const name of Object.keys(labels ?? {}))
    if (!new RegExp(LABEL_NAME_PATTERN).test(name)) {
      const path = `/labels/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
      const expected = '1 to 63 letters, digits, dots, hyphens, underscores and slashes'
      faults.push({ path, message: 'not a name for a label', expected, received: name })
    }
  if ((action === 'set-priority') !== (priority !== undefined)) {
    const expected = action === 'set-priority' ? 'a priority from 0 to 100' : `no priority with ${action}`
    const received = priority === undefined ? 'nothing' : String(priority)
    faults.push({ path: '/priority', message: 'set-priority, and only that, takes a priority', expected, received })
  }
  return faults
}
