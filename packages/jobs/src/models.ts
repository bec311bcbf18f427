// Models that jobs start from: sent by users, or trained as a teacher inside an earlier job.
import { ApiError } from '@stillhouse/kit'
import type { ModelFiles, StoredFile, TrainedTeacher, UploadedModel } from '@stillhouse/spec'
import type { JobContext } from './job-context.ts'
import { shorten } from './job-errors.ts'
import type { Caller, TeamCaller } from './job-service.ts'
import { assertStored, missingFiles } from './missing-files.ts'
import { record } from './record.ts'

const SHA256 = /^[0-9a-f]{64}$/

/**
 * Saving the same model again answers what is there.
 * @throws ApiError blob.not_found
 */
export async function saveModel(
  context: JobContext,
  caller: TeamCaller,
  model: Omit<UploadedModel, 'createdAt'>,
  files: readonly StoredFile[],
): Promise<UploadedModel> {
  await assertStored(context, files)
  const { id, format, size } = model
  await context.db.transaction(async (tx) => {
    if (!(await tx.models.save(caller.teamId, model, files))) return
    const detail = { format, size }
    await record(tx, caller, { action: 'uploadModel', target: { kind: 'model', id }, teamId: caller.teamId, detail })
  })
  return getModel(context, caller, id)
}

/** @throws ApiError model.not_found */
export async function getModel(context: JobContext, caller: Caller, id: string): Promise<UploadedModel> {
  return (await findModel(context, caller, id)).model
}

/** @throws ApiError model.not_found */
export async function getModelFiles(context: JobContext, caller: Caller, id: string): Promise<ModelFiles> {
  const { model, files } = await findModel(context, caller, id)
  return { format: model.format, files }
}

async function findModel(
  { db }: JobContext,
  caller: Caller,
  id: string,
): Promise<{ model: UploadedModel; files: StoredFile[] }> {
  const found = SHA256.test(id) ? await db.read((tables) => tables.models.find(id, caller.teamId)) : null
  if (found) return found
  throw new ApiError('model.not_found', `There is no uploaded model ${shorten(id)}. Send it with POST /v1/models.`)
}

/**
 * A teacher whose files are not all there any more counts as not trained: the next job trains it again.
 * @throws ApiError model.not_found
 */
export async function getTeacher({ db, artifacts }: JobContext, key: string): Promise<TrainedTeacher> {
  const teacher = SHA256.test(key) ? await db.read((tables) => tables.teachers.find(key)) : null
  if (teacher && (await missingFiles(teacher.files, artifacts)).length === 0) return teacher
  throw new ApiError('model.not_found', `No teacher is kept under ${shorten(key)}; train it and PUT it there.`)
}

/** @throws ApiError blob.not_found */
export async function saveTeacher(context: JobContext, teacher: TrainedTeacher): Promise<void> {
  await assertStored(context, teacher.files)
  await context.db.transaction((tx) => tx.teachers.save(teacher))
}
