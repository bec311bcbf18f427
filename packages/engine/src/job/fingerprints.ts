// Hashes of what determines a result, so that a checkpoint is only used by the job that wrote it and a trained teacher
// by every job that would train the same one.
import { canonicalJson, type DataSpec, type JobSpec, type TeacherSpec, type TrainSpec } from '@stillhouse/spec'
import { sha256 } from '../checkpoint/checkpoint-manifest.ts'
import type { ChannelStatistics } from '../data/read-samples.ts'
import { ENGINE_VERSION } from '../engine-version.ts'

/**
 * sha256 over the parts of a spec that its numbers depend on, the data and the code.
 * @param digests of the data sets by name
 */
export function jobFingerprint(spec: JobSpec, digests: Readonly<Record<string, string>>): string {
  const { task, data, sources, teachers, student, peers, method, stages, train, evaluate } = spec
  const { latencyRuns: _, ...evaluated } = evaluate
  const determined = {
    task,
    data,
    sources,
    student,
    peers,
    ...(method && { method }),
    ...(stages && { stages }),
    evaluate: evaluated,
    train: numbersOf(train),
    teachers: teachers.map((teacher) => ({ ...teacher, train: teacher.train && numbersOf(teacher.train) })),
  }
  return sha256(canonicalJson({ kind: 'job', ENGINE_VERSION, digests, determined }))
}

export interface TeacherIdentity {
  readonly model: string
  /** Defaults filled in. */
  readonly params: Readonly<Record<string, unknown>>
  readonly train: TrainSpec
  /** As the teacher sees it: the job's, with the teacher's own limit and noise. */
  readonly data: DataSpec
  /** Statistics that its samples are normalised with. */
  readonly normalise: ChannelStatistics | null
  readonly snapshots?: TeacherSpec['snapshots']
  readonly dataDigest: string
}

/** Key under which a trained teacher is kept and found again. */
export function teacherKey({ model, params, train, data, dataDigest, normalise, snapshots }: TeacherIdentity): string {
  const { limit, validation, labelNoise, seed, balanced } = data
  // The seed only counts where it draws something.
  const draws = limit !== undefined || validation !== undefined || labelNoise !== undefined
  const drawn = draws ? { limit, validation, labelNoise, balanced, seed } : {}
  const determined = { model, params, train: numbersOf(train), drawn, normalise, snapshots }
  return sha256(canonicalJson({ kind: 'teacher', ENGINE_VERSION, dataDigest, determined }))
}

/** How often a run is saved changes none of its numbers. */
function numbersOf({ checkpointSeconds: _, ...train }: TrainSpec): Omit<TrainSpec, 'checkpointSeconds'> {
  return train
}
