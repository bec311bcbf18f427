// A teacher as a job has it.
import type { TeacherSource } from '@stillhouse/spec'
import type { Network } from '../contracts/network.ts'

export interface JobTeacher {
  /** Frozen. Its weights are final once `trainTeachers` is through. */
  readonly network: Network
  /** Share among the teachers, sum 1. */
  readonly share: number
  /** The same weights while they are trained, and the key under which they are kept; null when it came from elsewhere. */
  readonly own: { readonly trainee: Network; readonly key: string } | null
  readonly source: TeacherSource | null
}
