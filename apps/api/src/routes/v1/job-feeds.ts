// What a job reports while it runs, read in pages: metrics and logs, numbered and in order.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type LogLine, LogPage, MetricPage, type MetricPoint } from '@stillhouse/spec'
import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import type { ApiContext } from '../../context.ts'
import { wantsText } from '../../http/wants-text.ts'
import { content } from '../../openapi/responses.ts'
import { callerOf } from '../../plugins/auth.ts'
import { JobId, PLAIN_TEXT, pageOf, pageQuery } from './parameters.ts'

const PAGE_HEADERS = {
  'X-Last-Seq': 'text formats: pass as `after` to go on from here',
  'X-Complete': 'text formats: true when the job is finished and nothing follows',
}

export const jobFeedRoutes: FastifyPluginAsyncTypebox<ApiContext> = async (app, { service }) => {
  app.get(
    '/v1/jobs/:id/metrics',
    {
      config: { access: ['jobs:read'], errors: ['job.not_found'] },
      schema: {
        operationId: 'listMetrics',
        tags: ['results'],
        summary: 'Training metrics, numbered and in order; JSON, or CSV on request (Accept: text/csv)',
        params: JobId,
        querystring: pageQuery({
          name: Type.Optional(Type.String({ minLength: 1, maxLength: 128, pattern: PLAIN_TEXT })),
        }),
        response: {
          200: content('A page of points', { 'application/json': MetricPage, 'text/csv': Type.String() }, PAGE_HEADERS),
        },
      },
    },
    async (request, reply) => {
      const { params, query, headers } = request
      const { name } = query
      const wanted = { ...pageOf(query), ...(name === undefined ? {} : { name }) }
      const page = await service.as(callerOf(request)).listMetrics(params.id, wanted)
      if (!wantsText(headers.accept, 'text/csv')) return page
      return sendText(reply, 'text/csv', page, [CSV_HEADER, ...page.items.map(csvLine)])
    },
  )

  app.get(
    '/v1/jobs/:id/logs',
    {
      config: { access: ['jobs:read'], errors: ['job.not_found'] },
      schema: {
        operationId: 'listLogs',
        tags: ['results'],
        summary: 'The log, numbered and in order; JSON, or plain lines on request (Accept: text/plain)',
        params: JobId,
        querystring: pageQuery({}),
        response: {
          200: content('A page of lines', { 'application/json': LogPage, 'text/plain': Type.String() }, PAGE_HEADERS),
        },
      },
    },
    async (request, reply) => {
      const { params, query, headers } = request
      const page = await service.as(callerOf(request)).listLogs(params.id, pageOf(query))
      if (!wantsText(headers.accept, 'text/plain')) return page
      return sendText(reply, 'text/plain', page, page.items.map(logLine))
    },
  )
}

function sendText(
  reply: FastifyReply,
  type: string,
  page: { lastSeq: number; complete: boolean },
  lines: readonly string[],
): FastifyReply {
  return reply
    .type(`${type}; charset=utf-8`)
    .header('x-last-seq', page.lastSeq)
    .header('x-complete', String(page.complete))
    .send(lines.map((line) => `${line}\n`).join(''))
}

const CSV_HEADER = 'seq,name,stage,step,epoch,value'

function csvLine({ seq, name, stage, step, epoch, value }: MetricPoint): string {
  return [seq, quoted(name), quoted(stage), step, epoch, value].join(',')
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function logLine({ at, level, attempt, message }: LogLine): string {
  return `${at} ${level.padEnd(5)} attempt ${attempt}: ${message.replaceAll('\n', '\n  ')}`
}
