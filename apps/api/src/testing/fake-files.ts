// What the service in memory keeps for others to read: blobs, and the models, data sets and teachers made of them.
import { hash } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { JobService, TeamService } from '@stillhouse/jobs'
import { ApiError } from '@stillhouse/kit'
import {
  type Dataset,
  datasetManifest,
  type ModelFiles,
  sortedFiles,
  type TrainedTeacher,
  type UploadedModel,
} from '@stillhouse/spec'

interface Kept {
  readonly blobs: Map<string, Buffer>
  readonly datasets: Map<string, Dataset>
  readonly models: Map<string, { model: UploadedModel; files: ModelFiles }>
  readonly calls: unknown[][]
}

type Files = Pick<
  JobService & TeamService,
  | 'saveModel'
  | 'getModel'
  | 'getModelFiles'
  | 'saveDataset'
  | 'getDataset'
  | 'hasDataset'
  | 'listDatasets'
  | 'getTeacher'
  | 'saveTeacher'
  | 'hasBlob'
  | 'putBlob'
  | 'addBlob'
  | 'getBlob'
>

const AT = '2026-01-02T03:04:05.000Z'

export function sha256(bytes: Buffer | string): string {
  return hash('sha256', bytes)
}

export function fakeFiles({ blobs, datasets, models, calls }: Kept): Files {
  const teachers = new Map<string, TrainedTeacher>()

  function modelOf(id: string): { model: UploadedModel; files: ModelFiles } {
    const entry = models.get(id)
    if (entry === undefined) throw new ApiError('model.not_found', `There is no model ${id}.`)
    return entry
  }

  return {
    saveModel: async (model, files) => {
      const saved = { ...model, createdAt: AT }
      models.set(model.id, { model: saved, files: { format: model.format, files: [...files] } })
      return saved
    },
    getModel: async (id) => modelOf(id).model,
    getModelFiles: async (id) => modelOf(id).files,
    saveDataset: async (files) => {
      const id = sha256(datasetManifest(files))
      const isNew = !datasets.has(id)
      const sorted = sortedFiles(files)
      const size = sorted.reduce((sum, file) => sum + file.size, 0)
      if (isNew) datasets.set(id, { id, size, files: sorted, createdAt: AT })
      return { dataset: datasets.get(id) as Dataset, isNew }
    },
    getDataset: async (id) => {
      const dataset = datasets.get(id)
      if (dataset === undefined) throw new ApiError('dataset.not_found', `There is no data set ${id}.`)
      return dataset
    },
    hasDataset: async (id) => datasets.has(id),
    listDatasets: async ({ limit, cursor }) => {
      const all = [...datasets.values()].map(({ files, ...rest }) => ({ ...rest, fileCount: files.length }))
      const start = cursor === undefined ? 0 : all.findIndex(({ id }) => id === cursor) + 1
      const items = all.slice(start, start + limit)
      return { items, nextCursor: start + limit < all.length ? (items.at(-1)?.id ?? null) : null }
    },
    getTeacher: async (key) => {
      const teacher = teachers.get(key)
      if (teacher === undefined) throw new ApiError('model.not_found', `There is no teacher ${key}.`)
      return teacher
    },
    saveTeacher: async (teacher) => {
      teachers.set(teacher.key, teacher)
    },
    hasBlob: async (digest) => blobs.has(digest),
    putBlob: async (digest, content) => {
      const bytes = await buffer(content)
      if (sha256(bytes) !== digest) throw new ApiError('blob.digest_mismatch', 'The bytes have another sha256.')
      blobs.set(digest, bytes)
    },
    addBlob: async (content) => {
      const bytes = await buffer(content)
      blobs.set(sha256(bytes), bytes)
      return { sha256: sha256(bytes), size: bytes.length }
    },
    getBlob: async (digest, range) => {
      const bytes = blobs.get(digest)
      calls.push(['getBlob', digest, range])
      if (bytes === undefined) throw new ApiError('blob.not_found', `There is no blob ${digest}.`)
      const part = range === undefined ? bytes : bytes.subarray(range.start, range.end + 1)
      return { stream: Readable.from(part.length === 0 ? [] : [part]), size: bytes.length }
    },
  }
}
