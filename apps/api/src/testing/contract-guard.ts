// Holds every response of a test to the documentation: its status, its media type and its JSON body must be declared by
// the route. Installed by the test application, so that all tests of the API are tests of the document too.
import type { FastifyInstance } from 'fastify'
import type { TSchema } from 'typebox'
import { Value } from 'typebox/value'
import type { ResponseDoc } from '../openapi/responses.ts'

/** Adds the guard; `violations` fills with what was not as documented. */
export function addContractGuard(app: FastifyInstance, violations: string[]): void {
  app.addHook('onSend', async (request, reply, payload) => {
    const { schema, url } = request.routeOptions
    if (schema === undefined || schema.hide === true || request.is404) return payload
    const where = `${request.method} ${url} ${reply.statusCode}`
    const documented = schema.response as Record<string, ResponseDoc> | undefined
    const response = documented?.[reply.statusCode]
    if (response === undefined) violations.push(`${where}: status is not documented`)
    else violations.push(...bodyViolations(where, response, reply.getHeader('content-type'), payload))
    return payload
  })
}

function bodyViolations(where: string, { content }: ResponseDoc, type: unknown, payload: unknown): string[] {
  if (payload === null || payload === undefined || payload === '') return []
  if (content === undefined) return [`${where}: has a body, none is documented`]
  const media = content[String(type).split(';')[0] ?? ''] ?? content['*/*']
  if (media === undefined) return [`${where}: media type ${type} is not documented`]
  if (typeof payload !== 'string' || !String(type).includes('json')) return []
  const value: unknown = JSON.parse(payload)
  return [...Value.Errors(media.schema as TSchema, value)].map(
    (error) => `${where}: ${error.instancePath} ${error.message}`,
  )
}
