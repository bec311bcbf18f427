// The headers that describe stored content: who has it can check it, and who has it already need not fetch it.
import type { FastifyReply } from 'fastify'

export interface StoredContent {
  /** Hex. */
  readonly sha256: string
  readonly contentType: string
  readonly filename: string
}

/** A strong ETag: equal content, equal tag. */
export function etagOf(sha256: string): string {
  return `"${sha256}"`
}

export function setContentHeaders(reply: FastifyReply, { sha256, contentType, filename }: StoredContent): void {
  const digest = Buffer.from(sha256, 'hex').toString('base64')
  reply
    .header('etag', etagOf(sha256))
    .header('repr-digest', `sha-256=:${digest}:`)
    .header('digest', `sha-256=${digest}`)
    .header('accept-ranges', 'bytes')
    .header('cache-control', 'private, no-cache')
    // content comes from training runs: never let a browser run it in the origin of the API
    .header('content-disposition', `attachment; filename="${filename}"`)
    .header('content-type', safeType(contentType))
}

function safeType(contentType: string): string {
  return /^[\w.+-]+\/[\w.+-]+(; ?[\w-]+=[\w.-]+)?$/.test(contentType) ? contentType : 'application/octet-stream'
}
