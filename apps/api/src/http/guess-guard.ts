// Slows down whoever tries keys: after so many that were not valid, further ones from that address are not even looked
// up. Neither neighbours nor mishaps are mistaken for guesses: a key that was valid before still is looked up, and one that
// is sent again and again – by workers that do not know their new token yet – counts as one guess.
import { ApiError } from '@stillhouse/kit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Limiter, MINUTE_MS, tellBudget } from './budget.ts'
import { createRecentSecrets } from './recent-secrets.ts'

export interface GuessGuard {
  /** @throws ApiError auth.throttled when this address has sent too many invalid keys, and this one was not valid before */
  admit(request: FastifyRequest, reply: FastifyReply, secret: string): Promise<void>
  accepted(secret: string): void
  refused(request: FastifyRequest, secret: string): Promise<void>
}

/** Keys that are remembered, of either kind. */
const REMEMBERED = 10_000
/** Refusals for each guess that an address has: looking a key up costs something, also when it is the same one. */
const REPEATS = 10

/** @param perMinute invalid keys of one address; 0: no limit */
export function createGuessGuard(app: FastifyInstance, perMinute: number): GuessGuard {
  if (perMinute === 0) return { admit: async () => {}, accepted: () => {}, refused: async () => {} }
  const guesses = app.createRateLimit({ max: perMinute, timeWindow: MINUTE_MS })
  const refusals = app.createRateLimit({ max: perMinute * REPEATS, timeWindow: MINUTE_MS })
  const [valid, invalid] = [createRecentSecrets(REMEMBERED), createRecentSecrets(REMEMBERED)]
  return {
    admit: async (request, reply, secret) => {
      const spent = (await usedUp(guesses, request)) ?? (await usedUp(refusals, request))
      if (spent === null || valid.has(secret)) return
      tellBudget(reply, spent, true)
      const detail = `Too many invalid API keys came from this address. Expected at most ${perMinute} in a minute; wait ${spent.ttlInSeconds} s and check STILLHOUSE_API_KEY.`
      throw new ApiError('auth.throttled', detail)
    },
    accepted: valid.add,
    refused: async (request, secret) => {
      valid.delete(secret)
      await refusals(request)
      if (!invalid.has(secret)) await guesses(request)
      invalid.add(secret)
    },
  }
}

/** What was counted, when nothing is left. */
async function usedUp(limiter: Limiter, request: FastifyRequest) {
  const spent = await limiter(request, { increment: false })
  return spent.isAllowed || spent.remaining > 0 ? null : spent
}
