// One job, with its place in the queue while it waits.
import type { Job } from '@stillhouse/spec'
import type { JobContext } from './job-context.ts'
import { existingJob } from './job-errors.ts'
import { withPlaces } from './queue-place.ts'

/** @throws ApiError job.not_found */
export async function getJob({ db, settings }: JobContext, id: string): Promise<Job> {
  return db.read(async (tables) => {
    const row = await existingJob(id, tables.jobs.find)
    const [job] = await withPlaces(tables, [row], settings)
    return job as Job
  })
}
