// The submit check: everything that can be wrong with a job and known before a worker takes it.
import type { Fault, JobSpec } from '@stillhouse/spec'
import { partOf } from '../architecture/part-of.ts'
import type { Architecture } from '../contracts/architecture.ts'
import type { Shelves } from '../contracts/shelves.ts'
import { resolveJob } from './resolve-job.ts'

/** What a service that keeps jobs and models can tell of a teacher taken from elsewhere. */
export interface KeptTeacher {
  /** It is a graph of another runtime: no network that could run inside a step. */
  readonly foreign: boolean
  /** Spec of the job whose student it is; null for an upload. */
  readonly job: JobSpec | null
}

/**
 * Faults of a job against the shelves, without loading tensors or reading data: names, parameters, shapes, what the
 * method needs. Empty when the job can be queued.
 * @param spec canonical, as `parseJobSpec` gives it
 * @param kept in the order of the job's teachers; null for those that are trained here, or of which nothing is known
 */
export function checkJob(spec: JobSpec, shelves: Shelves, kept: readonly (KeptTeacher | null)[] = []): Fault[] {
  const known = kept.map(
    (teacher) =>
      teacher && { foreign: teacher.foreign, architecture: teacher.job && exportedNetwork(teacher.job, shelves) },
  )
  const result = resolveJob(spec, shelves, known)
  return result.ok ? [] : [...result.faults]
}

/**
 * The network that a job exported, with the taps that it has once it is loaded: its logits and its layers. Null where that
 * shows only then: methods with plans of their own may export another network than the student.
 */
function exportedNetwork(spec: JobSpec, shelves: Shelves): Architecture | null {
  const resolved = resolveJob(spec, shelves)
  if (!resolved.ok || resolved.value.method.kind === 'plan') return null
  const { architecture } = resolved.value.student
  const output = architecture.taps['logits'] ?? architecture.output
  return { ...partOf(architecture, output), taps: { logits: output } }
}
