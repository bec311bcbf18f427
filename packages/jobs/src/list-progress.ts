// What a job has written so far: metrics, log lines and events, page by page, with a word on whether more will come.
import { isStorable, type JobRow, type Tables } from '@stillhouse/db'
import { isFinalState, type JobEvent, type LogPage, type MetricPage } from '@stillhouse/spec'
import { visibleJob } from './caller.ts'
import type { JobContext } from './job-context.ts'
import type { Caller, Page } from './job-service.ts'

interface Numbered {
  readonly seq: number
}

interface Listed<T> {
  readonly items: T[]
  readonly lastSeq: number
  readonly complete: boolean
}

/** @throws ApiError job.not_found */
export async function listMetrics(
  context: JobContext,
  caller: Caller,
  id: string,
  page: Page & { name?: string },
): Promise<MetricPage> {
  if (page.name !== undefined && !isStorable(page.name))
    return listPage(context, { caller, id, page, list: async () => [] })
  return listPage(context, { caller, id, page, list: (tables) => tables.metrics.list(id, page) })
}

/** @throws ApiError job.not_found */
export async function listLogs(context: JobContext, caller: Caller, id: string, page: Page): Promise<LogPage> {
  return listPage(context, { caller, id, page, list: (tables) => tables.logs.list(id, page.after, page.limit) })
}

/** @throws ApiError job.not_found */
export async function listEvents(
  context: JobContext,
  caller: Caller,
  id: string,
  page: Page,
): Promise<{ items: JobEvent[]; complete: boolean }> {
  const list = (tables: Tables): Promise<JobEvent[]> => tables.events.list(id, page.after, page.limit)
  const { items, complete } = await listPage(context, { caller, id, page, list })
  return { items, complete }
}

interface Listing<T> {
  readonly caller: Caller
  readonly id: string
  readonly page: Page
  readonly list: (tables: Tables) => Promise<T[]>
}

/** The job is read before its items: if it was finished then, all of them were written. */
async function listPage<T extends Numbered>(
  { db }: JobContext,
  { caller, id, page, list }: Listing<T>,
): Promise<Listed<T>> {
  return db.read(async (tables) => {
    const job: JobRow = await visibleJob(caller, id, tables.jobs.find)
    const items = await list(tables)
    const lastSeq = items.at(-1)?.seq ?? page.after
    return { items, lastSeq, complete: isFinalState(job.state) && items.length < page.limit }
  })
}
