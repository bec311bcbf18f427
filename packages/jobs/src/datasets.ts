// Data sets that jobs train on: files sent by users, kept by content, named by the hash of their manifest.
import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { ApiError } from '@stillhouse/kit'
import { type Dataset, type DatasetFile, type DatasetPage, datasetManifest, sortedFiles } from '@stillhouse/spec'
import type { JobContext } from './job-context.ts'
import { shorten } from './job-errors.ts'
import { assertStored } from './missing-files.ts'

const SHA256 = /^[0-9a-f]{64}$/
/** An upload takes no longer than this: content that no data set refers to by then is cleaned away. */
const UNCLAIMED_SECONDS = 24 * 60 * 60

/** Stores content whose digest is not known before; it stays for a day, and for good when a data set names it. */
export function addBlob({ db, artifacts }: JobContext, content: Readable): Promise<{ sha256: string; size: number }> {
  return artifacts.add(content, (sha256) => db.transaction((tx) => tx.staleBlobs.mark([sha256], UNCLAIMED_SECONDS)))
}

/**
 * Saving the same files again answers what is there.
 * @throws ApiError blob.not_found
 */
export async function saveDataset(
  context: JobContext,
  files: readonly DatasetFile[],
): Promise<{ dataset: Dataset; isNew: boolean }> {
  const id = createHash('sha256').update(datasetManifest(files)).digest('hex')
  await assertStored(context, files)
  const isNew = await context.db.transaction((tx) => tx.datasets.save(id, sortedFiles(files)))
  return { dataset: await getDataset(context, id), isNew }
}

/** @throws ApiError dataset.not_found */
export async function getDataset({ db }: JobContext, id: string): Promise<Dataset> {
  const found = SHA256.test(id) ? await db.read((tables) => tables.datasets.find(id)) : null
  if (found) return found
  throw new ApiError('dataset.not_found', `There is no data set ${shorten(id)}. Send it with POST /v1/datasets.`)
}

export async function hasDataset({ db }: JobContext, id: string): Promise<boolean> {
  return SHA256.test(id) && (await db.read((tables) => tables.datasets.exists(id)))
}

/** @throws ApiError request.invalid for a cursor that no page gave */
export async function listDatasets(
  { db }: JobContext,
  { limit, cursor }: { limit: number; cursor?: string },
): Promise<DatasetPage> {
  return db.read(async (tables) => {
    if (cursor !== undefined && !(SHA256.test(cursor) && (await tables.datasets.exists(cursor)))) throw noCursor(cursor)
    const rows = await tables.datasets.list({ limit: limit + 1, ...(cursor !== undefined && { after: cursor }) })
    const items = rows.slice(0, limit)
    return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
  })
}

function noCursor(cursor: string): ApiError {
  const fault = {
    path: '/cursor',
    message: 'is not a cursor',
    expected: 'nextCursor of an earlier page',
    received: shorten(cursor),
  }
  return new ApiError('request.invalid', 'The cursor is not one that a page of data sets gave.', { faults: [fault] })
}
