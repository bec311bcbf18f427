// Content by its own sha256: what workers upload and fetch. Streams from end to end.
import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ApiError } from '@stillhouse/kit'
import { type TSchema, Type } from 'typebox'
import type { ApiContext } from '../../context.ts'
import { compileValidatorExceptBody } from '../../http/compile-validator.ts'
import { etagOf } from '../../http/content-headers.ts'
import { limitBytes, tooLarge } from '../../http/limit-bytes.ts'
import { content, empty } from '../../openapi/responses.ts'
import { BlobDigest } from './parameters.ts'

const Bytes = Type.String({ format: 'binary' })
const body = { content: { 'application/octet-stream': { schema: Bytes } } } as unknown as TSchema

export const blobRoutes: FastifyPluginAsyncTypebox<ApiContext> = async (app, { service, config }) => {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/octet-stream', async (_request: unknown, payload: Readable) => payload)
  app.setValidatorCompiler(compileValidatorExceptBody)

  app.put(
    '/v1/blobs/:sha256',
    {
      config: { access: ['worker'], errors: ['blob.digest_mismatch'], contentLimit: config.blobLimit },
      schema: {
        operationId: 'putBlob',
        tags: ['blobs'],
        summary: 'Store content under its sha256',
        params: BlobDigest,
        body,
        response: { 200: empty('It was there already'), 201: empty('Stored') },
      },
    },
    async (request, reply) => {
      const { sha256 } = request.params
      const length = Number(request.headers['content-length'] ?? 0)
      if (length > config.blobLimit) throw tooLarge(config.blobLimit, `${length}`)
      if (!(request.body instanceof Readable)) throw noContent()
      if (await service.hasBlob(sha256)) return reply.code(200).send()
      await service.putBlob(sha256, limitBytes(request.body, config.blobLimit))
      return reply.code(201).send()
    },
  )

  app.head(
    '/v1/blobs/:sha256',
    {
      config: { access: ['worker'], errors: ['blob.not_found'], swagger: { exposeHeadRoute: true } },
      schema: {
        operationId: 'headBlob',
        tags: ['blobs'],
        summary: 'Whether content is stored',
        params: BlobDigest,
        response: { 200: empty('It is') },
      },
    },
    async ({ params }, reply) => {
      if (!(await service.hasBlob(params.sha256))) throw missing(params.sha256)
      return reply.header('etag', etagOf(params.sha256)).send()
    },
  )

  app.get(
    '/v1/blobs/:sha256',
    {
      exposeHeadRoute: false,
      config: { access: ['worker'], errors: ['blob.not_found'] },
      schema: {
        operationId: 'getBlob',
        tags: ['blobs'],
        summary: 'Fetch content',
        params: BlobDigest,
        response: {
          200: content('The content', { 'application/octet-stream': Bytes }, { ETag: 'the sha256, quoted' }),
        },
      },
    },
    async ({ params }, reply) => {
      const { stream, size } = await service.getBlob(params.sha256)
      return reply
        .type('application/octet-stream')
        .header('etag', etagOf(params.sha256))
        .header('content-length', size)
        .send(stream)
    },
  )
}

function missing(sha256: string): ApiError {
  return new ApiError('blob.not_found', `There is no blob ${sha256}.`)
}

function noContent(): ApiError {
  const detail = 'The request has no content. Expected a body of type application/octet-stream, received none.'
  return new ApiError('request.unsupported_media_type', detail)
}
