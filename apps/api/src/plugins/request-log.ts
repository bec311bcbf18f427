// One line per request, without headers, query or body: those may hold secrets.
import fp from 'fastify-plugin'

export const requestLog = fp(
  async (app) => {
    app.addHook('onRequest', async (request, reply) => {
      reply.header('x-request-id', request.id)
    })
    app.addHook('onResponse', async (request, reply) => {
      const line = {
        method: request.method,
        path: request.url.split('?')[0],
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
        keyId: request.apiKey?.id,
      }
      request.log[request.routeOptions.config.quiet ? 'debug' : 'info'](line, 'request')
    })
  },
  { name: 'request-log' },
)

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Logged at debug level only: routes that machines ask every few seconds. */
    quiet?: boolean
  }
}
