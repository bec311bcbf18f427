// One span per request, in the words of OpenTelemetry's HTTP conventions. A caller's traceparent is taken up; what the
// request starts is handed the span's own. Nothing of headers, query or body gets in: those may hold secrets.
import { startSpan, type TraceSpan } from '@stillhouse/kit'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyRequest {
    /** Null on quiet routes: what machines ask every few seconds is not worth a trace. */
    trace: TraceSpan | null
  }
}

export const tracing = fp(
  async (app) => {
    app.decorateRequest('trace', null)
    app.addHook('onRequest', async (request, reply) => {
      if (request.routeOptions.config.quiet) return
      const { traceparent } = request.headers
      const span = startSpan(nameOf(request), {
        kind: 'server',
        parent: typeof traceparent === 'string' ? traceparent : null,
        attributes: attributesOf(request),
      })
      request.trace = span
      if (span.traceId === null) return
      request.log = request.log.child({ traceId: span.traceId })
      reply.log = request.log
    })
    app.addHook('onResponse', async (request, reply) => request.trace?.end(endingOf(request, reply)))
  },
  { name: 'tracing' },
)

function nameOf({ method, routeOptions }: FastifyRequest): string {
  return routeOptions.url === undefined ? method : `${method} ${routeOptions.url}`
}

function attributesOf({ id, method, protocol, routeOptions, url }: FastifyRequest) {
  return {
    'http.request.method': method,
    'http.route': routeOptions.url,
    'url.scheme': protocol,
    'url.path': url.split('?')[0],
    'stillhouse.request.id': id,
  }
}

/** A refusal is the caller's fault and no error of the service. */
function endingOf({ apiKey }: FastifyRequest, { statusCode }: FastifyReply) {
  const attributes = { 'http.response.status_code': statusCode, 'stillhouse.team': apiKey?.team ?? undefined }
  if (statusCode < 500) return { attributes }
  return { attributes: { ...attributes, 'error.type': String(statusCode) }, error: String(statusCode) }
}
