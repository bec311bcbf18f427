// Every error leaves as an RFC 9457 problem document. What went wrong inside the service is logged, never shown.
import { ApiError } from '@stillhouse/kit'
import { API_ERRORS, type ApiErrorCode, type Problem } from '@stillhouse/spec'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { secure } from '../http/security-headers.ts'

/** Errors that Fastify and its plugins raise by themselves, in our words. */
const FRAMEWORK_ERRORS: Readonly<Record<string, ApiErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'request.too_large',
  FST_REQ_FILE_TOO_LARGE: 'request.too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'request.unsupported_media_type',
  FST_INVALID_MULTIPART_CONTENT_TYPE: 'request.unsupported_media_type',
}

export const problems = fp(
  async (app) => {
    app.addHook('onRequest', async (request) => {
      if (request.is404) throw notFound(request)
    })
    app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply))
    app.setNotFoundHandler((request, reply) => sendProblem(notFound(request), request, reply))
  },
  { name: 'problems' },
)

function notFound(request: FastifyRequest): ApiError {
  const path = request.url.split('?')[0]
  return new ApiError('route.not_found', `There is no route ${path}. The routes are listed at /openapi.json.`)
}

/** Answers with the problem document of an error and logs it as it deserves. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = toApiError(error, request)
  logError(known, error, request)
  if (known.code === 'request.too_large') reply.header('connection', 'close')
  if (known.status === 503) reply.header('retry-after', '2')
  return secure(reply)
    .code(known.status)
    .header('x-request-id', request.id)
    .type('application/problem+json')
    .send(problemOf(known, request))
}

function toApiError(error: unknown, request: FastifyRequest): ApiError {
  if (error instanceof ApiError) return error
  const { code, statusCode = 500, message } = error as FastifyError
  const mapped = FRAMEWORK_ERRORS[code]
  if (mapped !== undefined) return new ApiError(mapped, frameworkDetail(mapped, request), { cause: error })
  if (statusCode >= 400 && statusCode < 500) return new ApiError('request.invalid', message, { cause: error })
  const detail = `The service met an unexpected error. Please report it with the request id ${request.id}.`
  return new ApiError('internal.error', detail, { cause: error })
}

function frameworkDetail(code: ApiErrorCode, request: FastifyRequest): string {
  if (code === 'request.too_large') return `The body is larger than this route takes (${bodyLimitOf(request)}).`
  const received = request.headers['content-type'] ?? 'no Content-Type'
  const types = mediaTypesOf(request)
  return `The body has a type that this route does not take. Expected ${types}, received ${received}.`
}

function bodyLimitOf({ routeOptions }: FastifyRequest): string {
  return `${routeOptions.config.contentLimit ?? routeOptions.bodyLimit} bytes`
}

function mediaTypesOf({ routeOptions }: FastifyRequest): string {
  const body = routeOptions.schema?.body as { content?: Record<string, unknown> } | undefined
  return Object.keys(body?.content ?? { 'application/json': true }).join(' or ')
}

function problemOf({ code, status, message, faults }: ApiError, request: FastifyRequest): Problem {
  return {
    type: `https://stillhouse.dev/errors#${code}`,
    title: API_ERRORS[code].title,
    status,
    code,
    detail: message,
    instance: request.url.split('?')[0] ?? '/',
    requestId: request.id,
    ...(faults.length > 0 ? { faults: [...faults] } : {}),
  }
}

function logError({ code, status }: ApiError, error: unknown, request: FastifyRequest): void {
  const wentAway = request.raw.destroyed && !request.raw.complete
  if (wentAway) request.log.info({ code }, 'the caller went away before the request was complete')
  else if (status >= 500) request.log.error({ err: error, code }, 'a request failed')
  else request.log.debug({ code }, 'a request was refused')
}
