// One job, with its place in the queue while it waits.
import type { Job } from '@stillhouse/spec'
import { visibleJob } from './caller.ts'
import type { JobContext } from './job-context.ts'
import type { Caller } from './job-service.ts'
import { withPlaces } from './queue-place.ts'

/** @throws ApiError job.not_found */
export async function getJob(context: JobContext, caller: Caller, id: string): Promise<Job> {
  return context.db.read(async (tables) => {
    const row = await visibleJob(caller, id, tables.jobs.find)
    const [job] = await withPlaces(context, tables, [row])
    return job as Job
  })
}
