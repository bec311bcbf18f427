// Jobs, newest first, page by page. The cursor is the last id of a page: ids sort by time.
import { isStorable, isUuid } from '@stillhouse/db'
import { ApiError } from '@stillhouse/kit'
import type { JobPage } from '@stillhouse/spec'
import type { JobContext } from './job-context.ts'
import { shorten } from './job-errors.ts'
import type { JobFilter } from './job-service.ts'
import { withPlaces } from './queue-place.ts'

/** @throws ApiError request.invalid for a cursor that no page gave */
export async function listJobs({ db, settings }: JobContext, filter: JobFilter): Promise<JobPage> {
  const { state, labels, limit, cursor } = filter
  const before = cursor === undefined ? undefined : idOfCursor(cursor)
  if (!Object.entries(labels).flat().every(isStorable)) return { items: [], nextCursor: null }
  return db.read(async (tables) => {
    const rows = await tables.jobs.list({
      labels,
      limit: limit + 1,
      ...(state && { state }),
      ...(before && { before }),
    })
    const page = rows.slice(0, limit)
    const last = rows.length > limit ? page.at(-1) : undefined
    return {
      items: await withPlaces(tables, page, settings),
      nextCursor: last ? Buffer.from(last.id).toString('base64url') : null,
    }
  })
}

function idOfCursor(cursor: string): string {
  const id = Buffer.from(cursor, 'base64url').toString()
  if (isUuid(id)) return id
  const fault = {
    path: '/cursor',
    message: 'is not a cursor',
    expected: 'nextCursor of an earlier page',
    received: shorten(cursor),
  }
  throw new ApiError('request.invalid', 'The cursor is not one that a page of jobs gave.', { faults: [fault] })
}
