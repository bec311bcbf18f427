// One line per request, without headers, query or body: those may hold secrets.
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

const JOB = /^\/v1\/jobs\/([0-9a-f-]{36})(?:\/attempts\/(\d{1,9})(?:\/|$)|\/|$)/

export const requestLog = fp(
  async (app) => {
    app.addHook('onRequest', async (request, reply) => {
      reply.header('x-request-id', request.id)
      const about = jobOf(request.url.split('?')[0])
      if (about === null) return
      request.log = request.log.child(about)
      reply.log = request.log
    })
    app.addHook('onResponse', async (request, reply) => {
      const line = {
        method: request.method,
        path: request.url.split('?')[0],
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
        keyId: request.apiKey?.id,
        ...madeJob(request, reply),
      }
      request.log[request.routeOptions.config.quiet ? 'debug' : 'info'](line, 'request')
    })
  },
  { name: 'request-log' },
)

/** The job, and perhaps the attempt, that a path is about. */
function jobOf(path: string | undefined): { jobId: string; attempt?: number } | null {
  const [, jobId, attempt] = JOB.exec(path ?? '') ?? []
  if (jobId === undefined) return null
  return attempt === undefined ? { jobId } : { jobId, attempt: Number(attempt) }
}

/** The job that a request has made. */
function madeJob({ method, routeOptions }: FastifyRequest, reply: FastifyReply): { jobId?: string } {
  const isSubmission = method === 'POST' && routeOptions.url === '/v1/jobs'
  return (isSubmission && jobOf(reply.getHeader('location')?.toString())) || {}
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Logged at debug level only: routes that machines ask every few seconds. */
    quiet?: boolean
  }
}
