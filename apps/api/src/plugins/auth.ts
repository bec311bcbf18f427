// Bearer API keys. Keys are looked up by the service (hashed, compared in constant time); here is only the HTTP of it.
import type { Caller, JobService, KeyHolder } from '@stillhouse/jobs'
import { ApiError } from '@stillhouse/kit'
import type { Scope } from '@stillhouse/spec'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { ApiContext } from '../context.ts'
import { createGuessGuard, type GuessGuard } from '../http/guess-guard.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The caller's key; null on public routes. */
    apiKey: KeyHolder | null
  }
}

const REALM = 'Bearer realm="stillhouse"'

export const auth = fp<Pick<ApiContext, 'service' | 'config'>>(
  async (app, { service, config }) => {
    const guard = createGuessGuard(app, config.invalidKeysPerMinute)
    app.decorateRequest('apiKey', null)
    // before the body is read: a stranger may not make the service parse anything
    app.addHook('onRequest', async (request, reply) => {
      const { access = [] } = request.routeOptions.config
      if (access === 'public') return
      request.apiKey = await authenticate({ service, guard }, request, reply)
      authorize(request.apiKey, access, reply)
    })
  },
  { name: 'auth', dependencies: ['problems', '@fastify/rate-limit'] },
)

interface Gate {
  readonly service: JobService
  readonly guard: GuessGuard
}

async function authenticate(
  { service, guard }: Gate,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<KeyHolder> {
  const header = request.headers.authorization
  if (header === undefined) {
    reply.header('www-authenticate', REALM)
    throw new ApiError('auth.missing', 'No API key was given. Send it as "Authorization: Bearer <key>".')
  }
  const secret = /^Bearer +([\x21-\x7e]{1,512})$/i.exec(header)?.[1] ?? ''
  await guard.admit(request, reply, secret)
  try {
    const key = secret === '' ? null : await service.authenticate(secret)
    if (key === null)
      throw new ApiError('auth.invalid', 'The API key is not known or has been withdrawn. Check STILLHOUSE_API_KEY.')
    guard.accepted(secret)
    return key
  } catch (error) {
    // the service says by itself what became of a key that is no longer valid
    if (error instanceof ApiError && error.code === 'auth.invalid') {
      reply.header('www-authenticate', `${REALM}, error="invalid_token"`)
      await guard.refused(request, secret)
    }
    throw error
  }
}

function authorize(key: KeyHolder, wanted: readonly Scope[], reply: FastifyReply): void {
  if (allows(key, wanted)) return
  const scope = wanted.join(' ')
  reply.header('www-authenticate', `${REALM}, error="insufficient_scope", scope="${scope}"`)
  const detail = `The API key "${key.name}" does not allow this. Expected the scope ${wanted.join(' or ')}, received a key with ${key.scopes.join(', ') || 'no scopes'}.`
  throw new ApiError('auth.forbidden', detail)
}

/** An administrator may do all that others may; one of a team is no worker of the cluster. */
function allows({ scopes, teamId }: KeyHolder, wanted: readonly Scope[]): boolean {
  if (wanted.some((scope) => scopes.includes(scope))) return true
  return scopes.includes('admin') && (teamId === null || wanted.some((scope) => scope !== 'worker'))
}

/** Who calls, for the service. Only for routes that demand a key. */
export function callerOf({ apiKey, id: requestId, trace }: FastifyRequest): Caller {
  if (apiKey === null) throw new Error('a route without a key asked who calls')
  const { id: keyId, name: keyName, scopes, teamId } = apiKey
  const traceparent = trace?.traceparent ?? undefined
  return { keyId, keyName, scopes, teamId, requestId, ...(traceparent !== undefined && { traceparent }) }
}
