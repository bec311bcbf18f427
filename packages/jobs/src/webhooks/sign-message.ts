// Signatures of messages, as Standard Webhooks 1.0 has them, so that its libraries can check them:
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
import { createHmac, randomBytes } from 'node:crypto'

const PREFIX = 'whsec_'

export interface Signed {
  /** The same at every try. */
  readonly id: string
  /** Seconds since 1970, of this try: a receiver refuses what is minutes old, so that nobody can send it again. */
  readonly timestamp: number
  readonly body: string
}

/** 256 random bits. */
export function newSigningSecret(): string {
  return PREFIX + randomBytes(32).toString('base64')
}

/** The headers that go with a message. */
export function signatureHeaders(secret: string, { id, timestamp, body }: Signed): Record<string, string> {
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64')
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': `v1,${signature}` }
}
