// How bodies become values. Only JSON everywhere; routes that take something else add their own parser.
import { hash } from 'node:crypto'
import { ApiError } from '@stillhouse/kit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { checkTree } from '../body/check-tree.ts'
import { parseJson } from '../body/parse-json.ts'
import { unparsable } from '../body/unparsable.ts'
import { faulty } from '../http/compile-validator.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Hex sha256 of the body as sent; empty before it is parsed. */
    bodyHash: string
  }
  interface FastifyContextConfig {
    /** Bytes that a streamed body may have, where it is not bodyLimit that counts. */
    contentLimit?: number
  }
}

export const bodies = fp(
  async (app) => {
    app.decorateRequest('bodyHash', '')
    app.addHook('onRequest', async (request) => refuseEncodings(request))
    app.removeAllContentTypeParsers()
    addTextParser(app, ['application/json'], parseQuickly)
  },
  { name: 'bodies', dependencies: ['problems'] },
)

/**
 * Adds a parser for a notation of JSON values.
 * @param maxValues refuses bodies with more scalars and containers than this
 */
export function addTextParser(
  app: FastifyInstance,
  types: string[],
  parse: (text: string) => unknown,
  maxValues?: number,
): void {
  app.addContentTypeParser(types, { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) => {
    if (body.length === 0) return emptyBody(request)
    request.bodyHash = hash('sha256', body)
    const value = parse(decode(body))
    const faults = checkTree(value, maxValues)
    if (faults.length > 0) throw faulty(faults)
    return value
  })
}

/** Workers' reports are large and written by machines; only when one is broken is it read by the parser that says where. */
function parseQuickly(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return parseJson(text)
  }
}

/** Some clients send a Content-Type without a body; that is an error only where a body is expected. */
function emptyBody(request: FastifyRequest): undefined {
  if (request.routeOptions.schema?.body === undefined) return undefined
  const problem = { message: 'the body is empty', expected: 'a value', received: 'nothing' }
  throw unparsable({ line: 1, column: 1, ...problem })
}

function decode(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    const problem = { message: 'the body is not text', expected: 'UTF-8', received: 'other bytes' }
    throw unparsable({ line: 1, column: 1, ...problem })
  }
}

function refuseEncodings({ headers }: FastifyRequest): void {
  const encoding = headers['content-encoding'] ?? 'identity'
  const charset = /charset="?([\w-]+)/i.exec(headers['content-type'] ?? '')?.[1] ?? 'utf-8'
  if (encoding === 'identity' && /^(utf-?8|us-ascii)$/i.test(charset)) return
  const detail = `The body is encoded. Expected UTF-8 without Content-Encoding, received ${charset}, ${encoding}.`
  throw new ApiError('request.unsupported_media_type', detail)
}
