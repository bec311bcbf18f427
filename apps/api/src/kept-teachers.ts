// What the service keeps of the teachers that a job takes from elsewhere, for the check against the shelves.
import type { KeptTeacher } from '@stillhouse/engine'
import type { CallerService } from '@stillhouse/jobs'
import { type JobSpec, MODEL_FORMAT, type TeacherSource } from '@stillhouse/spec'
import { unlessMissing } from './unless-missing.ts'

/** On behalf of the team whose job it is: what belongs to others does not exist. */
type Service = Pick<CallerService, 'getJob' | 'getModel'>

/** In the order of the job's teachers; null for those that are trained in it, and for those that there are not. */
export function keptTeachers({ teachers }: JobSpec, service: Service): Promise<(KeptTeacher | null)[]> {
  return Promise.all(teachers.map(async ({ from }) => (from === undefined ? null : await keptTeacher(from, service))))
}

async function keptTeacher(from: TeacherSource, service: Service): Promise<KeptTeacher | null> {
  if ('job' in from) {
    const job = await unlessMissing(service.getJob(from.job), 'job.not_found')
    return job && { foreign: false, job: job.spec }
  }
  const model = await unlessMissing(service.getModel(from.upload), 'model.not_found')
  return model && { foreign: model.format !== MODEL_FORMAT, job: null }
}
