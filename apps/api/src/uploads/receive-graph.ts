// Takes in the files of a model that is a graph: named parts of a form, spooled, checked, stored by content.
import { hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { MultipartFile } from '@fastify/multipart'
import type { TeamService } from '@stillhouse/jobs'
import { ApiError } from '@stillhouse/kit'
import { canonicalJson, type StoredFile, type UploadedModel } from '@stillhouse/spec'
import type { FastifyRequest } from 'fastify'
import type { ApiContext } from '../context.ts'
import { faulty, summarize } from '../http/compile-validator.ts'
import { tooLarge } from '../http/limit-bytes.ts'
import { type SpooledFile, spool } from '../http/spool.ts'
import { type GraphFormat, graphFaults, mayHold, namesOf } from './graph-files.ts'

/** Shards of a large model and what is beside them. */
const MAX_FILES = 200

export interface ReceiveGraph {
  readonly format: GraphFormat
  /** Emptied by the caller. */
  readonly folder: string
  readonly request: Pick<FastifyRequest, 'files'>
  readonly context: ApiContext
  readonly team: TeamService
}

type NamedFile = SpooledFile & { readonly name: string }

export async function receiveGraph(options: ReceiveGraph): Promise<UploadedModel> {
  const { format, context, team } = options
  const files = (await spoolFiles(options)).sort((a, b) => (a.name < b.name ? -1 : 1))
  const faults = await graphFaults(format, files)
  if (faults.length > 0) throw new ApiError('model.invalid', summarize('The model', faults), { faults })
  for (const { path, sha256 } of files)
    if (!(await context.service.hasBlob(sha256))) await context.service.putBlob(sha256, createReadStream(path))
  const size = files.reduce((sum, file) => sum + file.size, 0)
  const about = { id: idOf(format, files), format, inputShape: [], outputShape: [], params: 0, size }
  return team.saveModel(about, files.map(storedFile))
}

/** sha256 over the format and the manifest. */
function idOf(format: GraphFormat, files: readonly NamedFile[]): string {
  const manifest = files.map(({ name, sha256, size }) => ({ path: name, sha256, size }))
  return hash('sha256', canonicalJson({ files: manifest, format }))
}

function storedFile({ name, sha256, size }: NamedFile): StoredFile {
  const contentType = name.endsWith('.json') ? 'application/json' : 'application/octet-stream'
  return { path: name, sha256, size, contentType }
}

async function spoolFiles({ format, folder, request, context }: ReceiveGraph): Promise<NamedFile[]> {
  const { modelLimit } = context.config
  const files: NamedFile[] = []
  let size = 0
  for await (const part of request.files({ limits: { files: MAX_FILES, parts: MAX_FILES, fileSize: modelLimit } })) {
    const { fieldname: name } = part
    if (!mayHold(format, name) || files.some((file) => file.name === name)) throw unexpected(format, part)
    // a name may hold a folder: the spooled file is called by its number
    files.push({ name, ...(await spool(folder, String(files.length), part.file)) })
    size += files.at(-1)?.size ?? 0
    if (size > modelLimit) throw tooLarge(modelLimit, `more than ${modelLimit}`)
  }
  return files
}

function unexpected(format: GraphFormat, { fieldname }: MultipartFile): ApiError {
  const message = `a model of the format ${format} has no such file, or has it twice`
  return faulty([{ path: `/${fieldname}`, message, expected: namesOf(format), received: fieldname }])
}
