// The record of who changed what, newest first, page by page.
import { isStorable } from '@stillhouse/db'
import type { AuditPage } from '@stillhouse/spec'
import { fenceOf } from './caller.ts'
import type { JobContext } from './job-context.ts'
import type { AuditFilter, Caller } from './job-service.ts'
import { numberOfCursor, pageOf } from './page-cursor.ts'

/** @throws ApiError team.not_found, request.invalid for a cursor that no page gave */
export async function listAudit({ db }: JobContext, caller: Caller, filter: AuditFilter): Promise<AuditPage> {
  const { limit, cursor, team, action, target } = filter
  const before = cursor === undefined ? undefined : numberOfCursor(cursor, 'audit entries')
  if (target !== undefined && !isStorable(target)) return { items: [], nextCursor: null }
  return db.read(async (tables) => {
    const rows = await tables.audit.list({
      fence: await fenceOf(tables, caller, team),
      limit: limit + 1,
      ...(before !== undefined && { before }),
      ...(action && { action }),
      ...(target !== undefined && { target }),
    })
    return pageOf(rows, limit)
  })
}
