// Responses as routes declare them: always with a description, a status and a media type, so that the OpenAPI document
// says all of it.
import { API_ERRORS, type ApiErrorCode, Problem } from '@stillhouse/spec'
import { type TSchema, type TUndefined, Type } from 'typebox'

export type Headers = Readonly<Record<string, string>>

/** A response as Fastify and the OpenAPI generator read it. */
export interface ResponseDoc {
  readonly description: string
  readonly content?: Readonly<Record<string, { readonly schema: TSchema }>>
  readonly headers?: Readonly<Record<string, object>>
}

/**
 * A JSON response. Typed as its schema, so that the type of what a handler replies is checked.
 * @param headers name → description of headers that callers may rely on
 */
export function json<T extends TSchema>(description: string, schema: T, headers?: Headers): T {
  return content(description, { 'application/json': schema }, headers) as unknown as T
}

/** A response with other media types, perhaps several. */
export function content(description: string, types: Readonly<Record<string, TSchema>>, headers: Headers = {}): TSchema {
  const response: ResponseDoc = {
    description,
    content: Object.fromEntries(Object.entries(types).map(([type, schema]) => [type, { schema }])),
    headers: headerDocs(headers),
  }
  return response as TSchema
}

/** A response without a body; typed so that a handler sends nothing (`null` would be a body of four letters). */
export function empty(description: string, headers: Headers = {}): TUndefined {
  return { ...Type.Null(), description, headers: headerDocs(headers) } as unknown as TUndefined
}

function headerDocs(headers: Headers): Readonly<Record<string, object>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [name, { type: 'string', description }]),
  )
}

/** Error responses, one per status, each naming the codes that it may carry. */
export function problemResponses(codes: readonly ApiErrorCode[]): Record<number, ResponseDoc> {
  const responses: Record<number, ResponseDoc> = {}
  for (const code of new Set(codes)) {
    const { status, title } = API_ERRORS[code]
    const before = responses[status] === undefined ? '' : `${responses[status].description} · `
    responses[status] = {
      description: `${before}\`${code}\`: ${title}`,
      content: { 'application/problem+json': { schema: Problem } },
      ...(status === 429 ? { headers: headerDocs(BUDGET_HEADERS) } : {}),
    }
  }
  return responses
}

const BUDGET_HEADERS: Headers = {
  'Retry-After': 'seconds to wait; not given where a quota is full',
  'RateLimit-Limit': 'requests in a minute',
  'RateLimit-Remaining': 'requests that are left',
  'RateLimit-Reset': 'seconds until all of them are there again',
}
