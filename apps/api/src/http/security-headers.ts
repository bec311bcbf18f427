// The headers that helmet sets, for answers that are made before any hook of ours can run: unreadable URLs, and what is
// no HTTP request at all. A test holds this list to helmet's.
import type { FastifyReply } from 'fastify'

/** The API serves data, never pages; /docs brings a policy of its own. */
export const CONTENT_POLICY = { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] }

export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none';frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'origin-agent-cluster': '?1',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'x-dns-prefetch-control': 'off',
  'x-download-options': 'noopen',
  'x-frame-options': 'DENY',
  'x-permitted-cross-domain-policies': 'none',
  'x-xss-protection': '0',
}

/** Sets those that are not there. */
export function secure(reply: FastifyReply): FastifyReply {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) if (!reply.hasHeader(name)) reply.header(name, value)
  return reply
}
