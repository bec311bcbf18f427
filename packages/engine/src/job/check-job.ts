// The submit check: everything that can be wrong with a job and known before a worker takes it.
import type { Fault, JobSpec } from '@stillhouse/spec'
import type { Shelves } from '../contracts/shelves.ts'
import { resolveJob } from './resolve-job.ts'

/**
 * Faults of a job against the shelves, without loading tensors or reading data: names, parameters, shapes, what the
 * method needs. Empty when the job can be queued.
 * @param spec canonical, as `parseJobSpec` gives it
 */
export function checkJob(spec: JobSpec, shelves: Shelves): Fault[] {
  const result = resolveJob(spec, shelves)
  return result.ok ? [] : [...result.faults]
}
