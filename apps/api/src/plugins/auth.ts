// Bearer API keys. Keys are looked up by the service (hashed, compared in constant time); here is only the HTTP of it.
import type { ApiKey, JobService, Scope } from '@stillhouse/jobs'
import { ApiError } from '@stillhouse/kit'
import type { FastifyReply } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyRequest {
    /** The caller's key; null on public routes. */
    apiKey: ApiKey | null
  }
}

const REALM = 'Bearer realm="stillhouse"'

export const auth = fp<{ service: JobService }>(
  async (app, { service }) => {
    app.decorateRequest('apiKey', null)
    // before the body is read: a stranger may not make the service parse anything
    app.addHook('onRequest', async (request, reply) => {
      const { access = [] } = request.routeOptions.config
      if (access === 'public') return
      request.apiKey = await authenticate(service, request.headers.authorization, reply)
      authorize(request.apiKey, access, reply)
    })
  },
  { name: 'auth', dependencies: ['problems'] },
)

async function authenticate(service: JobService, header: string | undefined, reply: FastifyReply): Promise<ApiKey> {
  if (header === undefined) {
    reply.header('www-authenticate', REALM)
    throw new ApiError('auth.missing', 'No API key was given. Send it as "Authorization: Bearer <key>".')
  }
  const [, secret] = /^Bearer +([\x21-\x7e]{1,512})$/i.exec(header) ?? []
  const key = secret === undefined ? null : await service.authenticate(secret)
  if (key !== null) return key
  reply.header('www-authenticate', `${REALM}, error="invalid_token"`)
  throw new ApiError('auth.invalid', 'The API key is not known or has been withdrawn. Check STILLHOUSE_API_KEY.')
}

function authorize(key: ApiKey, wanted: readonly Scope[], reply: FastifyReply): void {
  if (key.scopes.includes('admin') || wanted.some((scope) => key.scopes.includes(scope))) return
  const scope = wanted.join(' ')
  reply.header('www-authenticate', `${REALM}, error="insufficient_scope", scope="${scope}"`)
  const detail = `The API key "${key.name}" does not allow this. Expected the scope ${wanted.join(' or ')}, received a key with ${key.scopes.join(', ') || 'no scopes'}.`
  throw new ApiError('auth.forbidden', detail)
}
