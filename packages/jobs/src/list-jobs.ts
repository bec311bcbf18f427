// Jobs, newest first, page by page. The cursor is the last id of a page: ids sort by time.
import { isStorable } from '@stillhouse/db'
import type { JobPage } from '@stillhouse/spec'
import { fenceOf } from './caller.ts'
import type { JobContext } from './job-context.ts'
import type { Caller, JobFilter } from './job-service.ts'
import { pageOf, uuidOfCursor } from './page-cursor.ts'
import { withPlaces } from './queue-place.ts'

/** @throws ApiError team.not_found, request.invalid for a cursor that no page gave */
export async function listJobs(context: JobContext, caller: Caller, filter: JobFilter): Promise<JobPage> {
  const { state, labels, team, limit, cursor } = filter
  const before = cursor === undefined ? undefined : uuidOfCursor(cursor, 'jobs')
  if (!Object.entries(labels).flat().every(isStorable)) return { items: [], nextCursor: null }
  return context.db.read(async (tables) => {
    const rows = await tables.jobs.list({
      fence: await fenceOf(tables, caller, team),
      labels,
      limit: limit + 1,
      ...(state && { state }),
      ...(before && { before }),
    })
    const { items, nextCursor } = pageOf(rows, limit)
    return { items: await withPlaces(context, tables, items), nextCursor }
  })
}
