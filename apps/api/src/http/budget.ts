// What a limiter counted, as callers read it: RateLimit headers, and Retry-After when a request is refused.
import type { FastifyInstance, FastifyReply } from 'fastify'

export const MINUTE_MS = 60_000

/** Counts a request, or only looks. */
export type Limiter = ReturnType<FastifyInstance['createRateLimit']>

/** How far a budget is used up. */
export type Spent = Extract<Awaited<ReturnType<Limiter>>, { isAllowed: false }>

export function tellBudget(reply: FastifyReply, { max, remaining, ttlInSeconds }: Spent, refused: boolean): void {
  reply.header('ratelimit-limit', max).header('ratelimit-remaining', remaining).header('ratelimit-reset', ttlInSeconds)
  if (refused) reply.header('retry-after', ttlInSeconds)
}
