// POST /v1/datasets: any number of files for jobs to train on. Each goes to the artifact store as it arrives, hashed on
// the way; the data set exists once all of them are there.
import { Readable, Transform } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Dataset, type DatasetFile, datasetPathFaults, type Fault } from '@stillhouse/spec'
import type { FastifyRequest } from 'fastify'
import { type TSchema, Type } from 'typebox'
import type { ApiContext } from '../../context.ts'
import { compileValidatorExceptBody, faulty } from '../../http/compile-validator.ts'
import { type FormFile, formFiles } from '../../http/form-files.ts'
import { tooLarge } from '../../http/limit-bytes.ts'
import { json } from '../../openapi/responses.ts'
import { callerOf } from '../../plugins/auth.ts'
import { TeamQuery } from './parameters.ts'

/** Faults that an answer lists. */
const MAX_FAULTS = 100
/** What a part needs besides its content: delimiter and headers. */
const PART_OVERHEAD = 2048

const Bytes = Type.String({ format: 'binary' })
const body = {
  content: { 'multipart/form-data': { schema: Type.Record(Type.String(), Bytes) } },
} as unknown as TSchema

export const uploadDatasetRoutes: FastifyPluginAsyncTypebox<ApiContext> = async (app, context) => {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('multipart/form-data', async (_request: unknown, payload: Readable) => payload)
  app.setValidatorCompiler(compileValidatorExceptBody)

  app.post(
    '/v1/datasets',
    {
      config: {
        access: ['jobs:write'],
        errors: ['team.not_found', 'blob.not_found'],
        contentLimit: context.config.datasetLimit,
        holds: 'upload',
      },
      schema: {
        operationId: 'uploadDataset',
        tags: ['datasets'],
        summary: 'Send the files of a data set, to be named by jobs as `data.from.upload`',
        description:
          'A form of files; the name of each part is the path of its file in the data set, e.g. ' +
          '`curl -F train/cat/1.png=@1.png`. Files are kept as they are: archives are not unpacked, so a folder is sent ' +
          'file by file (`stillhouse upload-data` does that). The id is the sha256 of the manifest, the JSON text ' +
          '`{"files":[{"path":…,"sha256":…,"size":…},…]}` without spaces, sorted by path: equal files are one data set.',
        querystring: TeamQuery,
        body,
        response: {
          200: json('The data set, which was there already', Dataset, { Location: 'the data set' }),
          201: json('The stored data set', Dataset, { Location: 'the data set' }),
        },
      },
    },
    async (request, reply) => {
      const team = await context.service.as(callerOf(request)).inTeam(request.query.team)
      const files = await receive(request, context)
      const { dataset, isNew } = await team.saveDataset(files)
      return reply
        .code(isNew ? 201 : 200)
        .header('location', `/v1/datasets/${dataset.id}`)
        .send(dataset)
    },
  )
}

async function receive(
  request: Pick<FastifyRequest, 'body' | 'headers'>,
  { service, config }: ApiContext,
): Promise<DatasetFile[]> {
  const { datasetFiles, datasetLimit } = config
  const length = Number(request.headers['content-length'] ?? 0)
  if (length > datasetLimit + datasetFiles * PART_OVERHEAD) throw tooLarge(datasetLimit, `${length}`)
  if (!(request.body instanceof Readable)) throw faulty([nothing()])
  const stored: DatasetFile[] = []
  const names: string[] = []
  const budget = { limit: datasetLimit, left: datasetLimit }
  for await (const file of formFiles(request.body, request.headers, datasetFiles)) {
    names.push(file.name)
    if (datasetPathFaults([file.name]).length > 0) file.content.resume()
    else stored.push({ path: file.name, ...(await service.addBlob(within(budget, file))) })
  }
  const faults = names.length === 0 ? [nothing()] : datasetPathFaults(names)
  if (faults.length > 0) throw faulty(faults.slice(0, MAX_FAULTS))
  return stored
}

interface Budget {
  readonly limit: number
  left: number
}

/** The content, as long as all files together stay below the limit. */
function within(budget: Budget, { content }: FormFile): Readable {
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      budget.left -= chunk.length
      if (budget.left < 0) done(tooLarge(budget.limit, 'more'))
      else done(null, chunk)
    },
  })
  if (content.errored) counted.destroy(content.errored)
  content.on('error', (error) => counted.destroy(error))
  counted.on('error', () => content.resume())
  return content.pipe(counted)
}

function nothing(): Fault {
  return { path: '', message: 'the form holds no file', expected: 'at least one file', received: 'none' }
}
