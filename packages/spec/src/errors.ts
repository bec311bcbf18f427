// The catalogue of API error codes: one line per code, with its HTTP status and title. docs/errors.md is generated from it.
import { type Static, Type } from 'typebox'
import { Fault } from './fault.ts'

interface ErrorKind {
  readonly status: number
  readonly title: string
}

export const API_ERRORS = {
  'spec.invalid': { status: 400, title: 'The job spec has faults' },
  'request.invalid': { status: 400, title: 'The request has faults' },
  'request.unparsable': { status: 400, title: 'The body is not valid JSON or YAML' },
  'auth.missing': { status: 401, title: 'No API key was given' },
  'auth.invalid': { status: 401, title: 'The API key is not valid' },
  'auth.forbidden': { status: 403, title: 'The API key does not allow this' },
  'route.not_found': { status: 404, title: 'There is no such route' },
  'job.not_found': { status: 404, title: 'There is no such job' },
  'artifact.not_found': { status: 404, title: 'There is no such artifact' },
  'blob.not_found': { status: 404, title: 'There is no such blob' },
  'model.not_found': { status: 404, title: 'There is no such model' },
  'dataset.not_found': { status: 404, title: 'There is no such data set' },
  'team.not_found': { status: 404, title: 'There is no such team' },
  'key.not_found': { status: 404, title: 'There is no such API key' },
  'webhook.not_found': { status: 404, title: 'There is no such webhook, or no such delivery of it' },
  'worker.not_found': { status: 404, title: 'There is no such worker' },
  'route.method_not_allowed': { status: 405, title: 'This route does not answer this method' },
  'job.state_conflict': { status: 409, title: 'The job is in a state that does not allow this' },
  'team.exists': { status: 409, title: 'There is a team of this name already' },
  'key.state_conflict': { status: 409, title: 'The API key is in a state that does not allow this' },
  'attempt.stale': { status: 409, title: 'This attempt no longer owns the job' },
  'request.too_large': { status: 413, title: 'The body is too large' },
  'request.unsupported_media_type': { status: 415, title: 'The body has a type that this route does not take' },
  'artifact.range_not_satisfiable': { status: 416, title: 'The range lies outside the artifact' },
  'idempotency.mismatch': { status: 422, title: 'This Idempotency-Key was used with another body' },
  'model.invalid': { status: 422, title: 'The uploaded model cannot be used' },
  'blob.digest_mismatch': { status: 422, title: 'The uploaded bytes do not have the announced sha256' },
  'quota.jobs_queued': { status: 429, title: 'The team has as many waiting jobs as it may have' },
  'quota.webhooks': { status: 429, title: 'The team has as many webhooks as it may have' },
  'quota.artifact_bytes': { status: 429, title: 'The team keeps more bytes of artifacts than it may' },
  'rate.limited': { status: 429, title: 'Too many requests' },
  'auth.throttled': { status: 429, title: 'Too many invalid API keys came from this address' },
  'service.unavailable': { status: 503, title: 'The service cannot answer now' },
  'internal.error': { status: 500, title: 'An unexpected error in the service' },
} as const satisfies Record<string, ErrorKind>

export type ApiErrorCode = keyof typeof API_ERRORS

/** RFC 9457 problem document, the body of every error response. */
export const Problem = Type.Object(
  {
    type: Type.String({ description: 'URI that identifies the code' }),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ description: 'a code of the error catalogue' }),
    detail: Type.String({ description: 'what was wrong and what to do about it' }),
    instance: Type.Optional(Type.String()),
    requestId: Type.Optional(Type.String()),
    faults: Type.Optional(Type.Array(Fault)),
  },
  { $id: 'Problem', additionalProperties: false },
)
export type Problem = Static<typeof Problem>
