// A teacher as a job has it.
import type { TeacherSource } from '@stillhouse/spec'
import type { Network } from '../contracts/network.ts'
import type { Variable } from '../contracts/tf.ts'
import { namedVariables } from '../network/named-variables.ts'
import type { ForeignModel } from '../teachers/foreign-model.ts'

export interface JobTeacher {
  /** `teacher`, or `teachers[i]` among several. */
  readonly role: string
  /**
   * Frozen. Its weights are final once `trainTeachers` is through. Null for a foreign model, and for a teacher that the
   * method trains: that one belongs to the plan.
   */
  readonly network: Network | null
  /** A model that is no TensorFlow.js network. */
  readonly foreign: { readonly model: ForeignModel; readonly digest: string } | null
  readonly trainable: boolean
  /** As it was on its way, oldest first, without its end; frozen. */
  readonly snapshots: readonly Network[]
  /** Share among the teachers, sum 1. */
  readonly share: number
  /** The same weights while they are trained, and the key under which they are kept; null when it came from elsewhere. */
  readonly own: { readonly trainee: Network; readonly key: string } | null
  readonly source: TeacherSource | null
}

/** What a checkpoint holds of a teacher that the job trains: its weights, and those on its way. */
export function teacherVariables({ own, snapshots }: Pick<JobTeacher, 'own' | 'snapshots'>): Map<string, Variable> {
  if (own === null) return new Map()
  const networks = snapshots.map((snapshot) => ({ ...snapshot, role: snapshot.role.replace(/^.*@/, 'snapshot@') }))
  return namedVariables([own.trainee, ...networks])
}
