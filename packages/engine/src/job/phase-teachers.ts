// The teachers of one training as the loop needs them: networks for its steps, and the outputs that steps are fed.
import { join } from 'node:path'
import type { TrainSpec } from '@stillhouse/spec'
import type { BatchSource } from '../data/batch-source.ts'
import type { SampleView } from '../data/data-views.ts'
import { openBatches } from '../data/open-batches.ts'
import { networkDigest } from '../teachers/network-digest.ts'
import { openTeacherOutputs } from '../teachers/open-teacher-outputs.ts'
import { stageBatches } from '../train/stage-batches.ts'
import { stepsPerEpoch } from '../train/steps-per-epoch.ts'
import type { TrainRun } from '../train/train-run.ts'
import type { JobEvent } from './job-event.ts'
import type { JobRun } from './job-run.ts'
import type { JobTeacher } from './job-teacher.ts'

export interface PhaseTeachers {
  readonly inputs: Pick<TrainRun, 'teachers' | 'teacherOutputs'>
  /** What the cache had to say since the last call. */
  notes(): JobEvent[]
  close(): Promise<void>
}

const CACHE_BYTES = 10 * 2 ** 30

/** The training they teach in. */
export interface Taught {
  readonly teachers: readonly JobTeacher[]
  readonly train: TrainSpec
  readonly view: SampleView
}

export function phaseTeachers(run: JobRun, phase: Taught): PhaseTeachers {
  const { teachers } = phase
  // Teachers that the method trains are networks of the plan: they have no outputs that stay the same.
  if (teachers.length === 0 || teachers.some(({ trainable }) => trainable))
    return { inputs: { teachers: teachers.map(() => null) }, notes: () => [], close: async () => undefined }
  const { tf, cacheDir, cacheBytes = CACHE_BYTES, signal } = run.request
  const notes: JobEvent[] = []
  const samples = lazyBatches(run, phase)
  const teacherOutputs = openTeacherOutputs({
    tf,
    teachers: teachers.map(openTeacher),
    plan: samples.plan,
    batches: samples,
    policy: phase.train.teacherCache,
    evaluateBatchSize: run.job.spec.evaluate.batchSize,
    compile: phase.train.compile,
    cacheDir: cacheDir === undefined ? null : join(cacheDir, 'teacher-outputs'),
    cacheBytes,
    dataDigest: run.dataset.digest,
    signal,
    note: (message) => notes.push({ type: 'note', message }),
  })
  return {
    inputs: { teachers: teachers.map(({ network }) => network), teacherOutputs },
    notes: () => notes.splice(0),
    close: async () => {
      await teacherOutputs.close()
      await samples.close()
    },
  }
}

function openTeacher({ network, foreign }: JobTeacher) {
  if (network !== null) return { digest: networkDigest(network), network, foreign: null }
  return { digest: foreign?.digest ?? '', network, foreign: foreign?.model ?? null }
}

/** The samples as training sees them; opened when a teacher is asked about augmented ones. */
function lazyBatches({ job, sources }: JobRun, { train, view }: Taught) {
  const samples = { view, signature: job.signature }
  const plan = stageBatches({ train, samples, sources: Object.fromEntries(sources) }, {})
  let source: BatchSource | null = null
  return {
    plan,
    stepsPerEpoch: stepsPerEpoch(view, train.batchSize),
    at: (step: number) => {
      source ??= openBatches(plan, { threads: job.spec.resources.loaderThreads })
      return source.at(step)
    },
    close: async () => await source?.close(),
  }
}
