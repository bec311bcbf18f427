// Makes every route keep the promises of the OpenAPI document: a route says who may call it and how it can fail, and
// everything that follows from that (security, error responses, no unknown query parameters) is filled in here. A route
// that says too little stops the start.
import type { ApiErrorCode, Scope } from '@stillhouse/spec'
import type { FastifySchema, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { Type } from 'typebox'
import { problemResponses, type ResponseDoc } from '../openapi/responses.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call: the holder of a key with any of these scopes (admin always), or everybody. */
    access?: readonly Scope[] | 'public'
    /** Codes that this route answers with, besides those that every route has. */
    errors?: readonly ApiErrorCode[]
  }
}

const BODY_METHODS: readonly string[] = ['POST', 'PUT', 'PATCH', 'DELETE']

export const routeContract = fp(
  async (app) => {
    app.addHook('onRoute', (route) => {
      if (route.schema?.hide === true) return
      demandDescription(route)
      route.schema = complete(route)
    })
  },
  { name: 'route-contract' },
)

function demandDescription({ schema, config, method, url }: RouteOptions): void {
  const missing = [
    ...(['operationId', 'summary', 'tags', 'response'] as const).filter((field) => schema?.[field] === undefined),
    ...(config?.access === undefined ? ['config.access'] : []),
  ]
  if (missing.length > 0) throw new Error(`The route ${String(method)} ${url} does not say ${missing.join(', ')}.`)
}

function complete(route: RouteOptions): FastifySchema {
  const access = route.config?.access ?? []
  return {
    querystring: Type.Object({}, { additionalProperties: false }),
    ...route.schema,
    security: access === 'public' ? [] : access.map((scope) => ({ bearer: [scope] })),
    response: mergeResponses(
      route.schema?.response as Record<number, ResponseDoc>,
      problemResponses([...commonErrors(route), ...(route.config?.errors ?? [])]),
    ),
  }
}

function commonErrors({ method, config }: RouteOptions): ApiErrorCode[] {
  const takesBody = [method].flat().some((one) => BODY_METHODS.includes(one))
  return [
    'request.invalid',
    ...(config?.access === 'public'
      ? []
      : (['auth.missing', 'auth.invalid', 'auth.forbidden', 'auth.throttled'] as const)),
    ...(config?.unlimited === true ? [] : (['rate.limited'] as const)),
    ...(takesBody ? (['request.unparsable', 'request.too_large', 'request.unsupported_media_type'] as const) : []),
    'internal.error',
    'service.unavailable',
  ]
}

/** A status that a route uses for an answer of its own keeps it beside the problem document. */
function mergeResponses(
  own: Record<number, ResponseDoc>,
  problems: Record<number, ResponseDoc>,
): Record<number, ResponseDoc> {
  const merged = { ...problems }
  for (const [status, response] of Object.entries(own)) {
    const problem = problems[Number(status)]
    merged[Number(status)] =
      problem === undefined ? response : { ...response, content: { ...response.content, ...problem.content } }
  }
  return merged
}
