// Hashes of what determines a result, so that a checkpoint is only used by the job that wrote it and a trained teacher
// by every job that would train the same one.
import { canonicalJson, type DataSpec, type JobSpec, type TrainSpec } from '@stillhouse/spec'
import { sha256 } from '../checkpoint/checkpoint-manifest.ts'
import { ENGINE_VERSION } from '../engine-version.ts'

/** sha256 over the parts of a spec that its numbers depend on, the data and the code. */
export function jobFingerprint(spec: JobSpec, dataDigest: string): string {
  const { task, data, teachers, student, method, train, evaluate } = spec
  const { latencyRuns: _, ...evaluated } = evaluate
  const determined = {
    task,
    data,
    student,
    method,
    evaluate: evaluated,
    train: numbersOf(train),
    teachers: teachers.map((teacher) => ({ ...teacher, train: teacher.train && numbersOf(teacher.train) })),
  }
  return sha256(canonicalJson({ kind: 'job', ENGINE_VERSION, dataDigest, determined }))
}

export interface TeacherIdentity {
  readonly model: string
  /** Defaults filled in. */
  readonly params: Readonly<Record<string, unknown>>
  readonly train: TrainSpec
  readonly data: DataSpec
  readonly dataDigest: string
}

/** Key under which a trained teacher is kept and found again. */
export function teacherKey({ model, params, train, data, dataDigest }: TeacherIdentity): string {
  const { limit, validation, seed } = data
  // The seed only counts where it draws something.
  const drawn = limit === undefined && validation === undefined ? {} : { limit, validation, seed }
  const determined = { model, params, train: numbersOf(train), drawn }
  return sha256(canonicalJson({ kind: 'teacher', ENGINE_VERSION, dataDigest, determined }))
}

/** How often a run is saved changes none of its numbers. */
function numbersOf({ checkpointSeconds: _, ...train }: TrainSpec): Omit<TrainSpec, 'checkpointSeconds'> {
  return train
}
