// The OpenAPI 3.1 document at /openapi.json, made from the routes' schemas, and a page to read and try it at /docs.
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { STILLHOUSE_VERSION } from '@stillhouse/kit'
import type { FastifySchema } from 'fastify'
import fp from 'fastify-plugin'
import { Type } from 'typebox'
import { createSchemaStore } from '../openapi/document.ts'
import { json } from '../openapi/responses.ts'
import { WEBHOOKS } from '../openapi/webhooks.ts'

export const documentation = fp(
  async (app) => {
    const store = createSchemaStore()
    await app.register(swagger, {
      openapi: { ...HEADER, webhooks: WEBHOOKS },
      convertConstToEnum: false,
      transform: ({ schema, url }) =>
        schema.hide === true ? { schema, url } : { schema: polish(store.mark(schema)), url: url.replace('*', ':path') },
      transformObject: (result) => ('openapiObject' in result ? store.resolve(result.openapiObject) : {}),
    })
    await app.register(async (docs) => {
      docs.addHook('onRoute', (route) => {
        route.config = { ...route.config, access: 'public' }
      })
      await docs.register(swaggerUi, {
        routePrefix: '/docs',
        staticCSP: true,
        // the page must also work over plain HTTP on a host that is not localhost
        transformStaticCSP: (header) => header.replace('upgrade-insecure-requests;', ''),
        logLevel: 'warn',
      })
    })
    app.get(
      '/openapi.json',
      {
        config: { access: 'public' },
        schema: {
          operationId: 'getOpenapi',
          tags: ['service'],
          summary: 'This document',
          response: { 200: json('OpenAPI 3.1 document', Type.Record(Type.String(), Type.Unknown())) },
        },
      },
      async () => app.swagger() as unknown as Record<string, unknown>,
    )
  },
  { name: 'documentation', dependencies: ['route-contract'] },
)

/** Undoes what is Fastify's own: the rest of a path is called `*`, and HEAD routes get a suffix. */
function polish(schema: FastifySchema): FastifySchema {
  const named = { ...schema, operationId: schema.operationId?.replace(/-head$/, '') ?? '' }
  const params = schema.params as { properties?: Record<string, unknown>; required?: string[] } | undefined
  if (params?.properties?.['*'] === undefined) return named
  const { '*': path, ...rest } = params.properties
  const required = params.required?.map((name) => (name === '*' ? 'path' : name))
  return { ...named, params: { ...params, properties: { ...rest, path }, required } }
}

const HEADER = {
  openapi: '3.1.0',
  info: {
    title: 'Stillhouse',
    version: STILLHOUSE_VERSION,
    description:
      'Knowledge distillation as a service: submit a job, follow it, fetch a smaller model. Errors are problem documents (RFC 9457) with a code from one catalogue. Every answer to a counted request says in RateLimit-Limit, RateLimit-Remaining and RateLimit-Reset how many more there may be; 429 says in Retry-After when.',
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
  tags: [
    { name: 'jobs', description: 'Submit, follow and steer jobs' },
    { name: 'results', description: 'Metrics, logs, events and artifacts of a job' },
    { name: 'models', description: 'Models sent in as teachers' },
    { name: 'datasets', description: 'Files sent in for jobs to train on' },
    { name: 'catalog', description: 'Methods, models, data and exports on the shelves' },
    { name: 'access', description: 'Teams, API keys, and the record of who changed what' },
    { name: 'webhooks', description: 'Where a team hears of its jobs' },
    { name: 'workers', description: 'Workers, and what they say to the service' },
    { name: 'blobs', description: 'Content by its sha256' },
    { name: 'service', description: 'Health, metrics and this document' },
  ],
  components: {
    securitySchemes: {
      bearer: { type: 'http' as const, scheme: 'bearer', description: 'An API key of the service' },
    },
  },
}
