// How much one caller may ask of this replica: requests in a minute, and uploads and streams at a time. Counted in
// memory, since a count that all replicas share would cost every request a round trip; so N replicas allow N times as much.
import { ApiError } from '@stillhouse/kit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { ApiConfig, ApiContext } from '../context.ts'
import { type Limiter, MINUTE_MS, type Spent, tellBudget } from '../http/budget.ts'
import { createSeats } from '../http/seats.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Not counted: probes of orchestrators. */
    unlimited?: boolean
    /** Takes long and holds something meanwhile, so a key may have only so many of them at a time. */
    holds?: 'upload' | 'stream'
  }
}

/** Callers that are told apart by budgets of their own. */
const BUDGETS = {
  public: { limit: 'publicRequestsPerMinute', whose: 'this address', key: ({ ip }: FastifyRequest) => ip },
  // one key for all workers: each machine has a budget of its own
  worker: {
    limit: 'workerRequestsPerMinute',
    whose: 'this worker',
    key: ({ apiKey, ip }: FastifyRequest) => `${apiKey?.id} ${ip}`,
  },
  user: {
    limit: 'requestsPerMinute',
    whose: 'this API key',
    key: ({ apiKey }: FastifyRequest) => String(apiKey?.id),
  },
} as const

type Kind = keyof typeof BUDGETS

export const limits = fp<Pick<ApiContext, 'config'>>(
  async (app, { config }) => {
    limitRequests(app, config)
    limitHeld(app, config)
  },
  { name: 'limits', dependencies: ['auth', '@fastify/rate-limit'] },
)

function limitRequests(app: FastifyInstance, config: ApiConfig): void {
  const limiters = Object.fromEntries(
    Object.entries(BUDGETS).map(([kind, budget]) => [kind, limiterOf(app, config[budget.limit], budget.key)]),
  ) as Record<Kind, Limiter | null>
  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config.unlimited === true) return
    const kind = kindOf(request)
    const spent = await limiters[kind]?.(request)
    if (spent === undefined || spent.isAllowed) return
    tellBudget(reply, spent, spent.isExceeded)
    if (spent.isExceeded) throw tooMany(BUDGETS[kind].whose, spent)
  })
}

function limiterOf(app: FastifyInstance, max: number, key: (request: FastifyRequest) => string): Limiter | null {
  return max === 0 ? null : app.createRateLimit({ max, timeWindow: MINUTE_MS, keyGenerator: key })
}

function kindOf({ apiKey }: FastifyRequest): Kind {
  if (apiKey === null) return 'public'
  return apiKey.scopes.includes('worker') ? 'worker' : 'user'
}

function tooMany(whose: string, { max, ttlInSeconds }: Spent): ApiError {
  const detail = `There were too many requests of ${whose}. Expected at most ${max} in a minute; wait ${ttlInSeconds} s.`
  return new ApiError('rate.limited', detail)
}

const HELD = {
  upload: { limit: 'uploadsAtATime', what: 'uploads under way' },
  stream: { limit: 'streamsAtATime', what: 'event streams open' },
} as const

const RETRY_SECONDS = 5

function limitHeld(app: FastifyInstance, config: ApiConfig): void {
  const seats = { upload: createSeats(config.uploadsAtATime), stream: createSeats(config.streamsAtATime) }
  app.addHook('onRequest', async (request, reply) => {
    const { holds } = request.routeOptions.config
    if (holds === undefined || request.apiKey === null) return
    const release = seats[holds].take(request.apiKey.id)
    if (release === null) throw tooManyAtATime(reply, HELD[holds].what, config[HELD[holds].limit])
    reply.raw.once('close', release)
  })
}

function tooManyAtATime(reply: FastifyReply, what: string, most: number): ApiError {
  reply.header('retry-after', RETRY_SECONDS)
  const detail = `This API key has too many ${what}. Expected at most ${most} at a time; wait for one to end.`
  return new ApiError('rate.limited', detail)
}
