// Slows down whoever tries keys: after so many that were not valid, further ones from that address are not even looked
// up. A key that was valid before still is looked up, so a neighbour behind the same address cannot lock its holders out.
import { hash } from 'node:crypto'
import { ApiError } from '@stillhouse/kit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { MINUTE_MS, tellBudget } from './budget.ts'

export interface GuessGuard {
  /** @throws ApiError auth.throttled when this address has sent too many invalid keys, and this one was not valid before */
  admit(request: FastifyRequest, reply: FastifyReply, secret: string): Promise<void>
  accepted(secret: string): void
  refused(request: FastifyRequest, secret: string): Promise<void>
}

/** Keys that are remembered as valid, by their hash. */
const REMEMBERED = 10_000

/** @param perMinute invalid keys of one address; 0: no limit */
export function createGuessGuard(app: FastifyInstance, perMinute: number): GuessGuard {
  if (perMinute === 0) return { admit: async () => {}, accepted: () => {}, refused: async () => {} }
  const failures = app.createRateLimit({ max: perMinute, timeWindow: MINUTE_MS })
  const known = new Set<string>()
  return {
    admit: async (request, reply, secret) => {
      const spent = await failures(request, { increment: false })
      if (spent.isAllowed || spent.remaining > 0 || known.has(hashOf(secret))) return
      tellBudget(reply, spent, true)
      const detail = `Too many invalid API keys came from this address. Expected at most ${perMinute} in a minute; wait ${spent.ttlInSeconds} s and check STILLHOUSE_API_KEY.`
      throw new ApiError('auth.throttled', detail)
    },
    accepted: (secret) => {
      const digest = hashOf(secret)
      if (known.has(digest)) return
      known.add(digest)
      const [oldest] = known
      if (known.size > REMEMBERED && oldest !== undefined) known.delete(oldest)
    },
    refused: async (request, secret) => {
      known.delete(hashOf(secret))
      await failures(request)
    },
  }
}

function hashOf(secret: string): string {
  return hash('sha256', secret, 'base64')
}
