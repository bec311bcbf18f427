// Artifacts of a job, by path. The newest checkpoint shows among them, so that a user can keep one.
import type { Tables } from '@stillhouse/db'
import { ApiError } from '@stillhouse/kit'
import { ARTIFACT_PATH_PATTERN, type Artifact, MODEL_FORMAT, type ModelFiles, modelExport } from '@stillhouse/spec'
import { visibleJob } from './caller.ts'
import type { JobContext } from './job-context.ts'
import { shorten } from './job-errors.ts'
import type { Caller } from './job-service.ts'

const PATH = new RegExp(ARTIFACT_PATH_PATTERN)

/** @throws ApiError job.not_found */
export async function listArtifacts({ db }: JobContext, caller: Caller, id: string): Promise<Artifact[]> {
  return db.read(async (tables) => {
    await visibleJob(caller, id, tables.jobs.find)
    return [...(await tables.artifacts.list(id)), ...(await checkpointArtifacts(tables, id))]
  })
}

/** `checkpoint/<file>` for each file of the newest checkpoint; none once the job has succeeded. */
async function checkpointArtifacts(tables: Tables, id: string): Promise<Artifact[]> {
  const newest = await tables.checkpoints.newestFiles(id)
  if (newest === null) return []
  const { attempt, createdAt, files } = newest
  return files.map((file) => ({
    ...file,
    path: `checkpoint/${file.path}`,
    kind: 'checkpoint',
    attempt,
    createdAt: createdAt.toISOString(),
  }))
}

/** @throws ApiError job.not_found, artifact.not_found */
export async function getArtifact({ db }: JobContext, caller: Caller, id: string, path: string): Promise<Artifact> {
  return db.read(async (tables) => {
    await visibleJob(caller, id, tables.jobs.find)
    const artifact = PATH.test(path) ? await findArtifact(tables, id, path) : undefined
    if (artifact) return artifact
    throw new ApiError(
      'artifact.not_found',
      `Job ${id} has no artifact ${shorten(path)}. GET /v1/jobs/${id}/artifacts lists those it has.`,
    )
  })
}

async function findArtifact(tables: Tables, id: string, path: string): Promise<Artifact | undefined> {
  const stored = await tables.artifacts.find(id, path)
  return stored ?? (await checkpointArtifacts(tables, id)).find((artifact) => artifact.path === path)
}

/**
 * The exported student of a succeeded job, as files of a tfjs LayersModel.
 * @throws ApiError job.not_found, model.not_found
 */
export async function getJobModel({ db }: JobContext, caller: Caller, id: string): Promise<ModelFiles> {
  return db.read(async (tables) => {
    const job = await visibleJob(caller, id, tables.jobs.find)
    if (job.state !== 'succeeded')
      throw new ApiError('model.not_found', `Job ${id} has no model to give: it is ${job.state}, not succeeded.`)
    const exported = await tables.artifacts.list(id, 'export')
    const folder = `export/${modelExport(job.spec)}/`
    const files = exported
      .filter((artifact) => artifact.path.startsWith(folder))
      .map(({ path, sha256, size, contentType }) => ({
        path: path.slice(folder.length),
        sha256,
        size,
        contentType,
      }))
    if (files.length > 0) return { format: MODEL_FORMAT, files }
    throw new ApiError('model.not_found', `Job ${id} did not export its student as ${MODEL_FORMAT}.`)
  })
}
