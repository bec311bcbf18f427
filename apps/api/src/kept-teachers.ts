// What the service keeps of the teachers that a job takes from elsewhere, for the check against the shelves.
import type { KeptTeacher } from '@stillhouse/engine'
import { type JobSpec, MODEL_FORMAT, type TeacherSource } from '@stillhouse/spec'
import type { ApiContext } from './context.ts'
import { unlessMissing } from './unless-missing.ts'

type Context = Pick<ApiContext, 'service'>

/** In the order of the job's teachers; null for those that are trained in it, and for those that there are not. */
export function keptTeachers({ teachers }: JobSpec, context: Context): Promise<(KeptTeacher | null)[]> {
  return Promise.all(teachers.map(async ({ from }) => (from === undefined ? null : await keptTeacher(from, context))))
}

async function keptTeacher(from: TeacherSource, { service }: Context): Promise<KeptTeacher | null> {
  if ('job' in from) {
    const job = await unlessMissing(service.getJob(from.job), 'job.not_found')
    return job && { foreign: false, job: job.spec }
  }
  const model = await unlessMissing(service.getModel(from.upload), 'model.not_found')
  return model && { foreign: model.format !== MODEL_FORMAT, job: null }
}
