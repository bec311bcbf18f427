// Uploaded data sets that a job names, checked against what the service keeps. Folders in S3 are the workers' matter:
// the service has no credentials for them.
import type { CallerService } from '@stillhouse/jobs'
import { type DataSource, type Fault, type JobSpec, MAIN_DATA } from '@stillhouse/spec'

type Service = Pick<CallerService, 'hasDataset'>

/**
 * Faults of `data.from` and of every `sources.<name>.from`, in order.
 * @param spec canonical, as `parseJobSpec` gives it
 * @param service on behalf of the team whose job it is: what other teams sent does not exist
 */
export async function dataSourceFaults(spec: JobSpec, service: Service): Promise<Fault[]> {
  const sources = Object.entries(spec.sources ?? {})
  const checks = [
    uploadFaults('/data/from/upload', spec.data.from, service),
    ...sources.map(([name, { from }]) => uploadFaults(`/sources/${name}/from/upload`, from, service)),
  ]
  return [...sources.flatMap(([name]) => nameFaults(name)), ...(await Promise.all(checks)).flat()]
}

async function uploadFaults(path: string, from: DataSource | undefined, service: Service): Promise<Fault[]> {
  if (from === undefined || !('upload' in from) || (await service.hasDataset(from.upload))) return []
  const expected = 'the id of a data set sent to POST /v1/datasets'
  return [{ path, message: 'there is no such uploaded data set', expected, received: from.upload }]
}

/** Folders are handed to the trainer by name, and this one is taken. */
function nameFaults(name: string): Fault[] {
  if (name !== MAIN_DATA) return []
  const message = `${MAIN_DATA} is the name of the job's own data set`
  return [{ path: `/sources/${name}`, message, expected: 'another name', received: name }]
}
