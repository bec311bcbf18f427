// Gets a model that a trainer asked for: a teacher that was trained before, another job's student, or an upload.
import { posix } from 'node:path'
import type { ModelReference, StoredFile } from '@stillhouse/spec'
import { isMissing } from './api-failure.ts'
import type { AttemptApi } from './attempt-api.ts'
import { downloadFiles } from './download-files.ts'

export interface FetchedModel {
  readonly dir: string
  readonly metrics: Record<string, number>
}

/** The model's files in `dir`, model.json at its top; null when there is none under that reference. */
export async function fetchModel(
  api: AttemptApi,
  reference: ModelReference,
  dir: string,
): Promise<FetchedModel | null> {
  try {
    const { files, metrics } = await describe(api, reference)
    await downloadFiles({ api, files: withoutFolder(files), dir })
    return { dir, metrics }
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

async function describe(
  api: AttemptApi,
  reference: ModelReference,
): Promise<{ files: StoredFile[]; metrics: Record<string, number> }> {
  if ('teacherKey' in reference) return api.getTeacher(reference.teacherKey)
  const { files } =
    'job' in reference ? await api.getJobModel(reference.job) : await api.getUploadedModel(reference.upload)
  return { files, metrics: {} }
}

/** A job's model is stored as export/<format>/model.json; the trainer opens <dir>/model.json. */
function withoutFolder(files: readonly StoredFile[]): StoredFile[] {
  const folder = posix.dirname(files.find((file) => posix.basename(file.path) === 'model.json')?.path ?? 'model.json')
  if (folder === '.') return [...files]
  const prefix = `${folder}/`
  return files.flatMap((file) =>
    file.path.startsWith(prefix) ? { ...file, path: file.path.slice(prefix.length) } : [],
  )
}
