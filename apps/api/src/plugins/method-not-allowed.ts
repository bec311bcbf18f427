// 405 with Allow for known paths: Fastify answers 404 to a method that a path does not have, which sends people looking
// for a typing error in the path.
import { ApiError } from '@stillhouse/kit'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

/** Methods by path, filled while routes are added. */
export type MethodTable = Map<string, Set<string>>

/** Notes every documented route that is added from here on. */
export function collectMethods(app: FastifyInstance, table: MethodTable): void {
  app.addHook('onRoute', ({ method, url, schema }) => {
    if (schema?.hide === true) return
    const methods = table.get(url) ?? new Set()
    for (const one of [method].flat()) methods.add(one)
    table.set(url, methods)
  })
}

/** Registered after all routes: gives each path the methods it lacks. */
export const methodNotAllowed = fp<{ table: MethodTable }>(
  async (app, { table }) => {
    for (const [url, methods] of [...table]) addMissing(app, url, [...methods])
  },
  { name: 'method-not-allowed' },
)

function addMissing(app: FastifyInstance, url: string, allowed: string[]): void {
  const method = app.supportedMethods.filter((one) => !allowed.includes(one))
  if (method.length === 0) return
  app.route({
    method,
    url,
    schema: { hide: true },
    config: { access: 'public' },
    // as early as possible, so that neither body nor key matter
    onRequest: async (request, reply) => {
      reply.header('allow', allowed.join(', '))
      const detail = `This path does not answer ${request.method}. Expected ${allowed.join(' or ')}.`
      throw new ApiError('route.method_not_allowed', detail)
    },
    handler: async () => undefined,
  })
}
