// Artifacts of a job: the list, and the content with ranges and validators. A path is looked up in the database, never
// on a disk.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { JobService } from '@stillhouse/jobs'
import { ApiError } from '@stillhouse/kit'
import { type Artifact, ArtifactList } from '@stillhouse/spec'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { ApiContext } from '../../context.ts'
import { etagOf, setContentHeaders } from '../../http/content-headers.ts'
import { etagMatches } from '../../http/etag-matches.ts'
import { parseRange } from '../../http/parse-range.ts'
import { content, empty, json } from '../../openapi/responses.ts'
import { callerOf } from '../../plugins/auth.ts'
import { ArtifactPath, JobId } from './parameters.ts'

type ByteRange = Parameters<JobService['getBlob']>[1]

const HEADERS = {
  ETag: 'the sha256 in double quotes',
  'Repr-Digest': 'sha-256 of the whole content (RFC 9530)',
  'Content-Disposition': 'attachment with the file name',
  'Accept-Ranges': 'bytes',
}
/** Of any type: OpenAPI 3.1 leaves the schema of such content empty. */
const Bytes = Type.Unknown()

const headers = Type.Object({
  range: Type.Optional(Type.String({ description: 'one byte range; several are answered with the whole content' })),
  'if-range': Type.Optional(Type.String({ description: 'an ETag: the range counts only if it still fits' })),
  'if-none-match': Type.Optional(Type.String()),
})

export const artifactRoutes: FastifyPluginAsyncTypebox<ApiContext> = async (app, { service }) => {
  app.get(
    '/v1/jobs/:id/artifacts',
    {
      config: { access: ['jobs:read'], errors: ['job.not_found'] },
      schema: {
        operationId: 'listArtifacts',
        tags: ['results'],
        summary: 'List the artifacts of a job',
        params: JobId,
        response: { 200: json('All artifacts', ArtifactList) },
      },
    },
    async (request) => ({ items: await service.as(callerOf(request)).listArtifacts(request.params.id) }),
  )

  app.head(
    '/v1/jobs/:id/artifacts/*',
    {
      config: {
        access: ['jobs:read'],
        errors: ['job.not_found', 'artifact.not_found', 'blob.not_found'],
        swagger: { exposeHeadRoute: true },
      },
      schema: {
        operationId: 'headArtifact',
        tags: ['results'],
        summary: 'Size, type and digest of an artifact',
        params: ArtifactPath,
        headers,
        response: {
          200: empty('The headers of the content', { ...HEADERS, 'Content-Length': 'bytes' }),
          304: empty('The caller has this content'),
        },
      },
    },
    async (request, reply) => {
      const artifact = await service.as(callerOf(request)).getArtifact(request.params.id, request.params['*'])
      const known = isKnown(request, artifact)
      if (!known && !(await service.hasBlob(artifact.sha256))) throw lostFile(artifact)
      describe(reply, artifact)
      if (known) return reply.code(304).send()
      return reply.header('content-length', artifact.size).send()
    },
  )

  app.get(
    '/v1/jobs/:id/artifacts/*',
    {
      exposeHeadRoute: false,
      config: {
        access: ['jobs:read'],
        errors: ['job.not_found', 'artifact.not_found', 'blob.not_found', 'artifact.range_not_satisfiable'],
      },
      schema: {
        operationId: 'getArtifact',
        tags: ['results'],
        summary: 'Download an artifact, or a part of it',
        params: ArtifactPath,
        headers,
        response: {
          200: content('The content', { '*/*': Bytes }, HEADERS),
          206: content('The range', { '*/*': Bytes }, { ...HEADERS, 'Content-Range': 'which bytes of how many' }),
          304: empty('The caller has this content'),
        },
      },
    },
    async (request, reply) => {
      const artifact = await service.as(callerOf(request)).getArtifact(request.params.id, request.params['*'])
      if (isKnown(request, artifact)) {
        describe(reply, artifact)
        return reply.code(304).send()
      }
      return sendArtifact(service, request, reply, artifact)
    },
  )
}

function describe(reply: FastifyReply, { path, sha256, contentType }: Artifact): void {
  setContentHeaders(reply, { sha256, contentType, filename: path.slice(path.lastIndexOf('/') + 1) })
}

function isKnown({ headers }: FastifyRequest, { sha256 }: Artifact): boolean {
  return etagMatches(headers['if-none-match'], etagOf(sha256))
}

async function bytesOf(service: JobService, artifact: Artifact, range?: ByteRange) {
  try {
    return await service.getBlob(artifact.sha256, range)
  } catch (error) {
    throw error instanceof ApiError && error.code === 'blob.not_found' ? lostFile(artifact, error) : error
  }
}

/** What was kept and is lost is not the caller's mistake, and the answer says what can be done. */
function lostFile({ path, sha256 }: Artifact, cause?: ApiError): ApiError {
  const detail =
    `The job has the artifact ${path}, but its file (sha256 ${sha256}) is no longer in the artifact store. ` +
    'Restore the store from its backup, or submit the job again.'
  return new ApiError('blob.not_found', detail, { cause })
}

async function sendArtifact(
  service: JobService,
  { headers }: FastifyRequest,
  reply: FastifyReply,
  artifact: Artifact,
): Promise<FastifyReply> {
  const condition = headers['if-range']
  const valid = condition === undefined || condition === etagOf(artifact.sha256)
  const range = valid ? parseRange(headers.range, artifact.size) : 'whole'
  if (range === 'unsatisfiable') {
    reply.header('content-range', `bytes */${artifact.size}`)
    const detail = `The range lies outside the artifact. Expected a range within ${artifact.size} bytes, received ${headers.range}.`
    throw new ApiError('artifact.range_not_satisfiable', detail)
  }
  const { stream } = await bytesOf(service, artifact, range === 'whole' ? undefined : range)
  describe(reply, artifact)
  if (range === 'whole') return reply.header('content-length', artifact.size).send(stream)
  return reply
    .code(206)
    .header('content-range', `bytes ${range.start}-${range.end}/${artifact.size}`)
    .header('content-length', range.end - range.start + 1)
    .send(stream)
}
