// POST /v1/models: what tfjs's `model.save('http://…')` sends. Checked before it is stored, so that a job never starts
// with a teacher that cannot be read.
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import multipart, { type MultipartFile } from '@fastify/multipart'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { TeamService } from '@stillhouse/jobs'
import { ApiError } from '@stillhouse/kit'
import { MODEL_FORMAT, MODEL_FORMATS, type StoredFile, UploadedModel } from '@stillhouse/spec'
import type { FastifyRequest } from 'fastify'
import { type TSchema, Type } from 'typebox'
import { parseJson } from '../../body/parse-json.ts'
import type { ApiContext, ModelCheck } from '../../context.ts'
import { compileValidatorExceptBody, faulty, summarize } from '../../http/compile-validator.ts'
import { limitBytes } from '../../http/limit-bytes.ts'
import { digestOf, type SpooledFile, spool, withSpoolFolder } from '../../http/spool.ts'
import { json } from '../../openapi/responses.ts'
import { callerOf } from '../../plugins/auth.ts'
import { requireGraphScope } from '../../uploads/graph-files.ts'
import { receiveGraph } from '../../uploads/receive-graph.ts'
import { forTeam } from './parameters.ts'

/** Topology and weight manifest: text, even for very deep networks. */
const MODEL_JSON_LIMIT = 16 * 2 ** 20

const PARTS: Readonly<Record<string, string>> = {
  'model.json': 'application/json',
  'model.weights.bin': 'application/octet-stream',
}

const Bytes = Type.String({ format: 'binary' })
const body = {
  content: {
    'multipart/form-data': {
      schema: Type.Object(
        { 'model.json': Type.Optional(Bytes), 'model.weights.bin': Type.Optional(Bytes) },
        { additionalProperties: Bytes },
      ),
    },
  },
} as unknown as TSchema

const querystring = Type.Object(
  {
    team: forTeam,
    format: Type.Optional(
      Type.Enum([...MODEL_FORMATS], {
        default: MODEL_FORMAT,
        description:
          'all but tfjs-layers are programs that run on the workers: they need the scope models:trusted beside jobs:write, or admin of the cluster',
      }),
    ),
  },
  { additionalProperties: false },
)

export const uploadModelRoutes: FastifyPluginAsyncTypebox<ApiContext> = async (app, context) => {
  app.removeAllContentTypeParsers()
  await app.register(multipart, {
    limits: { files: 2, fields: 0, parts: 2, fileSize: context.config.modelLimit, headerPairs: 20 },
  })
  app.setValidatorCompiler(compileValidatorExceptBody)

  app.post(
    '/v1/models',
    {
      config: {
        access: ['jobs:write'],
        errors: ['team.not_found', 'model.invalid', 'blob.not_found'],
        contentLimit: context.config.modelLimit,
        holds: 'upload',
      },
      schema: {
        operationId: 'uploadModel',
        tags: ['models'],
        summary: "Send a model to be used as a teacher: a tfjs LayersModel, as tfjs's own tf.io.http does, or a graph",
        description:
          'Of a LayersModel the id is the sha256 over the bytes of model.json followed by those of model.weights.bin. ' +
          'tfjs sends no API key by itself: ' +
          '`model.save(tf.io.http(url, {requestInit: {headers: {Authorization: "Bearer …"}}}))`. With `format`, the ' +
          'parts of the form are the files of that format by their names: saved_model.pb and variables/…; model.json ' +
          'and its .bin files; or model.onnx.',
        querystring,
        body,
        response: { 201: json('The stored model', UploadedModel, { Location: 'the model' }) },
      },
    },
    async (request, reply) => {
      const { format = MODEL_FORMAT } = request.query
      if (format !== MODEL_FORMAT) requireGraphScope(format, request.apiKey)
      const team = await context.service.as(callerOf(request)).inTeam(request.query.team)
      const model = await withSpoolFolder((folder) =>
        format === MODEL_FORMAT
          ? receive({ folder, request, context, team })
          : formErrors(() => receiveGraph({ format, folder, request, context, team })),
      )
      return reply.code(201).header('location', `/v1/models/${model.id}`).send(model)
    },
  )
}

interface Parts {
  readonly json: SpooledFile
  readonly weights: SpooledFile
}

interface Receiving {
  /** Emptied by the caller. */
  readonly folder: string
  readonly request: Pick<FastifyRequest, 'files'>
  readonly context: ApiContext
  readonly team: TeamService
}

async function receive({ folder, request, context, team }: Receiving): Promise<UploadedModel> {
  const parts = await receiveParts(folder, request)
  const { inputShape, outputShape, params } = await check(parts, context)
  for (const { path, sha256 } of [parts.json, parts.weights])
    if (!(await context.service.hasBlob(sha256))) await context.service.putBlob(sha256, createReadStream(path))
  return team.saveModel(
    {
      id: await digestOf([parts.json, parts.weights]),
      format: MODEL_FORMAT,
      inputShape: [...inputShape],
      outputShape: [...outputShape],
      params,
      size: parts.json.size + parts.weights.size,
    },
    [storedFile('model.json', parts.json), storedFile('model.weights.bin', parts.weights)],
  )
}

function storedFile(path: string, { sha256, size }: SpooledFile): StoredFile {
  return { path, sha256, size, contentType: PARTS[path] ?? 'application/octet-stream' }
}

async function receiveParts(folder: string, request: Pick<FastifyRequest, 'files'>): Promise<Parts> {
  const received = new Map<string, SpooledFile>()
  await formErrors(async () => {
    for await (const part of request.files()) {
      const { fieldname } = part
      if (!Object.hasOwn(PARTS, fieldname) || received.has(fieldname)) throw unexpectedPart(part)
      const source = fieldname === 'model.json' ? limitBytes(part.file, MODEL_JSON_LIMIT) : part.file
      received.set(fieldname, await spool(folder, fieldname, source))
    }
  })
  const json = received.get('model.json')
  const weights = received.get('model.weights.bin')
  if (json === undefined || weights === undefined) throw missingPart([...received.keys()])
  return { json, weights }
}

async function formErrors<T>(receiving: () => Promise<T>): Promise<T> {
  try {
    return await receiving()
  } catch (error) {
    throw isMalformed(error) ? malformed(error) : error
  }
}

/** The form parser's own complaints have no code, unlike those of the file system and of Fastify; a cut-off part has. */
function isMalformed(error: unknown): error is Error {
  return error instanceof Error && (!('code' in error) || error.code === 'ERR_STREAM_PREMATURE_CLOSE')
}

function malformed({ message }: Error): ApiError {
  return faulty([{ path: '', message, expected: 'a complete multipart/form-data body', received: 'something else' }])
}

function unexpectedPart({ fieldname }: MultipartFile): ApiError {
  const message = 'a model has one model.json and one model.weights.bin'
  return faulty([{ path: `/${fieldname}`, message, expected: Object.keys(PARTS).join(', '), received: fieldname }])
}

function missingPart(names: readonly string[]): ApiError {
  const received = names.join(', ') || 'no part'
  return faulty([{ path: '', message: 'a part is missing', expected: Object.keys(PARTS).join(' and '), received }])
}

async function check({ json, weights }: Parts, { checkModel }: ApiContext): Promise<ModelCheck & { ok: true }> {
  const checked = checkModel(parseJson(await readFile(json.path, 'utf8')), await readFile(weights.path))
  if (checked.ok) return checked
  throw new ApiError('model.invalid', summarize('The model', checked.faults), { faults: checked.faults })
}
