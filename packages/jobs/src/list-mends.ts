// What was mended, newest first, page by page.
import type { MendPage } from '@stillhouse/spec'
import { assertCluster } from './caller.ts'
import type { JobContext } from './job-context.ts'
import type { Caller, MendFilter } from './job-service.ts'
import { numberOfCursor, pageOf } from './page-cursor.ts'

/** @throws ApiError auth.forbidden for a key of a team, request.invalid for a cursor that no page gave */
export async function listMends({ db }: JobContext, caller: Caller, filter: MendFilter): Promise<MendPage> {
  assertCluster(caller, 'sees what was mended')
  const { kind, limit, cursor } = filter
  const before = cursor === undefined ? undefined : numberOfCursor(cursor, 'mends')
  const query = { limit: limit + 1, ...(kind && { kind }), ...(before !== undefined && { before }) }
  return pageOf(await db.read(({ mends }) => mends.list(query)), limit)
}
