// Teachers taken from elsewhere, checked against what the service keeps, so that no job is queued with a teacher that
// does not exist or will not fit the data. A job that has not ended yet is told by its spec; it is waited for.
import type { Signature } from '@stillhouse/engine'
import type { CallerService } from '@stillhouse/jobs'
import { type Fault, type Job, type JobSpec, MODEL_FORMAT, modelExport, type TeacherSource } from '@stillhouse/spec'
import type { ApiContext } from './context.ts'
import { unlessMissing } from './unless-missing.ts'

interface Context extends Pick<ApiContext, 'signatureOf'> {
  /** On behalf of the team whose job it is: what belongs to others does not exist. */
  readonly service: Pick<CallerService, 'getJob' | 'getModel'>
}

/**
 * Faults of every `teachers[i].from`, in order; shapes are left out where the data's own are not known.
 * @param spec canonical, as `parseJobSpec` gives it
 */
export async function teacherSourceFaults(spec: JobSpec, context: Context): Promise<Fault[]> {
  if (spec.teachers.every(({ from }) => from === undefined)) return []
  const data = context.signatureOf(spec)
  const faults = spec.teachers.map(async ({ from }, i) =>
    from === undefined ? [] : sourceFaults({ from, path: `/teachers/${i}/from`, data }, context),
  )
  return (await Promise.all(faults)).flat()
}

interface Source {
  readonly from: TeacherSource
  readonly path: string
  readonly data: Signature | null
}

function sourceFaults({ from, path, data }: Source, context: Context): Promise<Fault[]> {
  return 'upload' in from
    ? uploadFaults({ id: from.upload, path: `${path}/upload`, data }, context)
    : jobFaults({ id: from.job, path: `${path}/job`, data }, context)
}

interface Reference {
  readonly id: string
  readonly path: string
  readonly data: Signature | null
}

async function uploadFaults({ id, path, data }: Reference, { service }: Context): Promise<Fault[]> {
  const model = await unlessMissing(service.getModel(id), 'model.not_found')
  if (model === null) {
    const expected = 'the id of a model sent to POST /v1/models'
    return [{ path, message: 'there is no such uploaded model', expected, received: id }]
  }
  if (data === null || model.format !== MODEL_FORMAT) return []
  return shapeFaults(path, shapesOf(data), shapes(model.inputShape, model.outputShape))
}

async function jobFaults({ id, path, data }: Reference, { service, signatureOf }: Context): Promise<Fault[]> {
  const job = await unlessMissing(service.getJob(id), 'job.not_found')
  if (job === null) return [{ path, message: 'there is no such job', expected: 'the id of a job', received: id }]
  if (modelExport(job.spec) === null) return [formatFault(path, job)]
  const own = signatureOf(job.spec)
  return data === null || own === null ? [] : shapeFaults(path, shapesOf(data), shapesOf(own))
}

/** With quantised weights it is as good: loading it undoes the quantisation. */
function formatFault(path: string, { spec }: Job): Fault {
  return {
    path,
    message: 'the job did not export a model that can teach',
    expected: `a job with an export of the format ${MODEL_FORMAT}`,
    received: `exports ${spec.export.map(({ format }) => format).join(', ')}`,
  }
}

function shapeFaults(path: string, expected: string, received: string): Fault[] {
  return expected === received ? [] : [{ path, message: 'the model does not fit the data', expected, received }]
}

function shapesOf({ inputShape, classes }: Signature): string {
  return shapes(inputShape, [classes])
}

/** Both without the batch axis. */
function shapes(input: readonly number[], output: readonly number[]): string {
  return `inputs [${input.join(', ')}] and outputs [${output.join(', ')}]`
}
