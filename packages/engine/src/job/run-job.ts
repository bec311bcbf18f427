// A job from spec to result: teachers, student, control, measurements, exports. One generator, read from top to bottom.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describeArchitecture } from '../architecture/describe-architecture.ts'
import type { Network } from '../contracts/network.ts'
import type { ClassificationScores } from '../evaluate/classification-scores.ts'
import { measureLatency } from '../evaluate/measure-latency.ts'
import { buildNetwork } from '../network/build-network.ts'
import { namedVariables } from '../network/named-variables.ts'
import { supervisedPlan } from '../train/supervised-plan.ts'
import { buildPlan, type JobPlan, stepOps } from './build-plan.ts'
import { createProgressLog, type ProgressLog } from './create-progress-log.ts'
import type { JobEvent } from './job-event.ts'
import { freshFolder, totalSize } from './job-files.ts'
import { jobMetrics, type Measured, type ResultMetrics } from './job-metrics.ts'
import { jobReport } from './job-report.ts'
import type { JobRun } from './job-run.ts'
import { JobStopped } from './job-stopped.ts'
import type { JobTeacher } from './job-teacher.ts'
import { openJob } from './open-job.ts'
import { openTeachers } from './open-teachers.ts'
import { runPhase } from './run-phase.ts'
import type { RunRequest } from './run-request.ts'
import { scoresOf } from './scores-of.ts'
import { trainTeachers } from './train-teachers.ts'
import { sizeInFirstFormat, type WrittenExport, writeExports } from './write-exports.ts'

/**
 * Runs a job, from the start or from a checkpoint. The last event is `done`, or `stopped` after the signal came.
 * @throws TrainingError for every foreseen failure
 */
export async function* runJob(request: RunRequest): AsyncGenerator<JobEvent> {
  const owned: { dispose(): void }[] = []
  try {
    const run = await openJob(request)
    yield* run.opening
    const teachers = yield* openTeachers(run)
    owned.push(...teachers.map(({ network }) => network.model))
    const progress = createProgressLog(countStages(run, teachers))
    yield* trainTeachers(run, progress, teachers)
    const student = buildPlan(run, teachers)
    owned.push(student)
    yield* trainStudent(run, progress, { student, teachers })
    const baseline = yield* trainBaseline(run, progress, owned)
    yield* finish(run, progress, { student, teachers, baseline })
  } catch (error) {
    if (!(error instanceof JobStopped)) throw error
    yield { type: 'stopped' }
  } finally {
    for (const one of owned) one.dispose()
  }
}

/**
 * Stages of the whole job: teachers to train, those of the method, the control, the evaluation and the exports. The plan
 * is rehearsed with teachers as they are, so a method that cannot be built fails before hours go into its teacher.
 */
function countStages(run: JobRun, teachers: readonly JobTeacher[]): number {
  const rehearsal = buildPlan(run, teachers)
  rehearsal.dispose()
  const trained = teachers.filter(({ own }) => own !== null).length
  return trained + rehearsal.plan.stages.length + (run.job.spec.evaluate.baseline ? 1 : 0) + 2
}

interface Trained {
  readonly student: JobPlan
  readonly teachers: readonly JobTeacher[]
}

async function* trainStudent(
  run: JobRun,
  progress: ProgressLog,
  { student, teachers }: Trained,
): AsyncGenerator<JobEvent> {
  yield* runPhase(run, progress, {
    phase: 'student',
    plan: student.plan,
    train: run.job.spec.train,
    teachers: teachers.map(({ network }) => network),
    variables: student.variables,
    ops: student.ops,
    stageName: (name) => name,
  })
}

/** The same student from the same weights on the same batches, without a teacher. */
async function* trainBaseline(
  run: JobRun,
  progress: ProgressLog,
  owned: { dispose(): void }[],
): AsyncGenerator<JobEvent, ClassificationScores | null> {
  const { spec, student } = run.job
  if (!spec.evaluate.baseline) return null
  const { architecture } = student
  const network = buildNetwork({ tf: run.request.tf, role: 'student', architecture, seed: spec.train.seed })
  owned.push(network.model)
  yield* runPhase(run, progress, {
    phase: 'baseline',
    plan: supervisedPlan(network),
    train: spec.train,
    teachers: [],
    variables: namedVariables([network]),
    ops: stepOps(run).bind,
    stageName: () => 'baseline',
  })
  return yield* scoresOf(run, progress, network)
}

interface Finish extends Trained {
  readonly baseline: ClassificationScores | null
}

async function* finish(
  run: JobRun,
  progress: ProgressLog,
  { student, teachers, baseline }: Finish,
): AsyncGenerator<JobEvent> {
  const { deploy } = student.plan
  const scores = yield* scoresOf(run, progress, deploy)
  const first = teachers[0]?.network
  const teacherScores = first && (yield* scoresOf(run, progress, first))
  const evaluated = progress.ofPass('evaluate', 1, 1)
  if (evaluated !== null) yield evaluated
  progress.advance(1)
  const exports = yield* writeExports(run, progress, deploy)
  const architecture = student.architectures.get(deploy)
  const metrics = jobMetrics({
    student: await measured(run, deploy, { scores, bytes: totalSize(exports[0]?.files ?? []) }),
    description: architecture === undefined ? null : describeArchitecture(architecture),
    teacher:
      first && teacherScores
        ? await measured(run, first, { scores: teacherScores, bytes: await sizeInFirstFormat(run, first.model) })
        : null,
    baseline,
  })
  yield await writeReport(run, { metrics, scores, teachers, exports })
  yield { type: 'done', metrics: { ...metrics }, metricSeq: run.metricSeq }
}

async function measured(run: JobRun, network: Network, known: Pick<Measured, 'scores' | 'bytes'>): Promise<Measured> {
  const { request, job, evaluateOn } = run
  const { latencyRuns: runs } = job.spec.evaluate
  if (runs === 0) return { network, latency: null, ...known }
  const sample = new Float32Array(job.signature.inputShape.reduce((product, axis) => product * axis, 1))
  evaluateOn.split.read(evaluateOn.indices.slice(0, 1), sample)
  const { tf, signal } = request
  const latency = await measureLatency({ tf, model: network.model, sample, runs, signal })
  if (latency === null) throw new JobStopped()
  return { network, latency, ...known }
}

interface Report {
  readonly metrics: ResultMetrics
  readonly scores: ClassificationScores
  readonly teachers: readonly JobTeacher[]
  readonly exports: readonly WrittenExport[]
}

async function writeReport(run: JobRun, report: Report): Promise<JobEvent> {
  const dir = join(run.request.scratch, 'report')
  const text = `${JSON.stringify(jobReport(run, report), null, 2)}\n`
  await freshFolder(dir, () => writeFile(join(dir, 'report.json'), text))
  return { type: 'artifacts', kind: 'report', prefix: 'report', dir }
}
