// The live stream of a job's events (server-sent events).
import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { ApiContext } from '../../context.ts'
import { openEventStream } from '../../http/event-stream.ts'
import { content, empty } from '../../openapi/responses.ts'
import { callerOf } from '../../plugins/auth.ts'
import { JobId } from './parameters.ts'

const description = `Server-sent events: \`id\` is the event's number, \`event\` its type, \`data\` the event as JSON
\`{seq, at, type, data}\`. Starts with what already happened after \`Last-Event-ID\` (or \`after\`), then goes on live; a
comment comes every 15 seconds. The stream ends after the last event of a finished job, a \`state\` event; asked again
after that event it answers 204, which tells an EventSource to stop. A stream that ends otherwise was interrupted:
reconnect with the last id.`

const headers = Type.Object({
  'last-event-id': Type.Optional(
    Type.String({ pattern: '^\\d{1,9}$', description: 'resumes after this event; stronger than `after`' }),
  ),
})

const querystring = Type.Object(
  { after: Type.Optional(Type.Integer({ minimum: 0, maximum: 999_999_999, default: 0 })) },
  { additionalProperties: false },
)

export const jobEventRoutes: FastifyPluginAsyncTypebox<ApiContext> = async (app, { service, config }) => {
  const open = new Set<() => void>()
  // a stream lasts as long as its job: without this, closing the server would wait for all of them
  app.addHook('preClose', async () => {
    for (const stop of open) stop()
  })

  app.get(
    '/v1/jobs/:id/events',
    {
      exposeHeadRoute: false,
      config: { access: ['jobs:read'], errors: ['job.not_found'], holds: 'stream' },
      schema: {
        operationId: 'watchEvents',
        tags: ['results'],
        summary: 'Follow a job live',
        description,
        params: JobId,
        querystring,
        headers,
        response: {
          200: content('The stream', { 'text/event-stream': Type.String() }),
          204: empty('The job is finished and nothing follows'),
        },
      },
    },
    async (request, reply) => {
      const { params, query, headers } = request
      const user = service.as(callerOf(request))
      const lastId = headers['last-event-id']
      const after = lastId === undefined ? (query.after ?? 0) : Number(lastId)
      const feed = {
        read: (from: number, limit: number) => user.listEvents(params.id, { after: from, limit }),
        watch: (wake: () => void) => service.watchJob(params.id, wake),
      }
      const stream = await openEventStream(feed, { after, heartbeatMs: config.eventHeartbeatMs })
      if (stream === null) return reply.code(204).send()
      open.add(stream.stop)
      reply.raw.once('close', () => {
        stream.stop()
        open.delete(stream.stop)
      })
      return reply
        .type('text/event-stream')
        .header('cache-control', 'no-cache, no-transform')
        .header('x-accel-buffering', 'no')
        .send(Readable.from(stream.chunks, { objectMode: false }))
    },
  )
}
