// Data sets that jobs train on: files sent by users, kept by content, named by the hash of their manifest.
import { hash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { ApiError } from '@stillhouse/kit'
import { type Dataset, type DatasetFile, type DatasetPage, datasetManifest, sortedFiles } from '@stillhouse/spec'
import { fenceOf } from './caller.ts'
import type { JobContext } from './job-context.ts'
import { shorten } from './job-errors.ts'
import type { Caller, TeamCaller, TeamPage } from './job-service.ts'
import { assertStored } from './missing-files.ts'
import { noCursor, pageOf } from './page-cursor.ts'
import { record } from './record.ts'
import { UNCLAIMED_SECONDS } from './unclaimed-seconds.ts'

const SHA256 = /^[0-9a-f]{64}$/

/** Stores content whose digest is not known before; it stays for a day, and for good when a data set names it. */
export function addBlob({ db, artifacts }: JobContext, content: Readable): Promise<{ sha256: string; size: number }> {
  return artifacts.add(content, (sha256) => db.transaction((tx) => tx.staleBlobs.mark([sha256], UNCLAIMED_SECONDS)))
}

/**
 * Saving the same files again answers what is there. Whether another team sent them before, nobody is told.
 * @throws ApiError blob.not_found
 */
export async function saveDataset(
  context: JobContext,
  caller: TeamCaller,
  files: readonly DatasetFile[],
): Promise<{ dataset: Dataset; isNew: boolean }> {
  const id = hash('sha256', datasetManifest(files))
  await assertStored(context, files)
  const isNew = await context.db.transaction(async (tx) => {
    if (!(await tx.datasets.save(caller.teamId, id, sortedFiles(files)))) return false
    const detail = { files: files.length, size: files.reduce((sum, file) => sum + file.size, 0) }
    await record(tx, caller, {
      action: 'uploadDataset',
      target: { kind: 'dataset', id },
      teamId: caller.teamId,
      detail,
    })
    return true
  })
  return { dataset: await getDataset(context, caller, id), isNew }
}

/** @throws ApiError dataset.not_found */
export async function getDataset({ db }: JobContext, caller: Caller, id: string): Promise<Dataset> {
  const found = SHA256.test(id) ? await db.read((tables) => tables.datasets.find(id, caller.teamId)) : null
  if (found) return found
  throw new ApiError('dataset.not_found', `There is no data set ${shorten(id)}. Send it with POST /v1/datasets.`)
}

export async function hasDataset({ db }: JobContext, caller: Caller, id: string): Promise<boolean> {
  return SHA256.test(id) && (await db.read((tables) => tables.datasets.exists(id, caller.teamId)))
}

/** @throws ApiError team.not_found, request.invalid for a cursor that no page gave */
export async function listDatasets({ db }: JobContext, caller: Caller, page: TeamPage): Promise<DatasetPage> {
  const { limit, cursor, team } = page
  return db.read(async (tables) => {
    const fence = await fenceOf(tables, caller, team)
    const after = cursor === undefined ? undefined : Buffer.from(cursor, 'base64url').toString()
    if (after !== undefined && !(SHA256.test(after) && (await tables.datasets.exists(after, fence))))
      throw noCursor(cursor as string, 'data sets')
    return pageOf(await tables.datasets.list({ fence, limit: limit + 1, ...(after !== undefined && { after }) }), limit)
  })
}
