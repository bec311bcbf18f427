// A job from spec to result: teachers, student, control, measurements, exports. One generator, read from top to bottom.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describeArchitecture } from '../architecture/describe-architecture.ts'
import type { Plan } from '../contracts/method.ts'
import type { Network } from '../contracts/network.ts'
import type { ClassificationScores } from '../evaluate/classification-scores.ts'
import { buildNetwork } from '../network/build-network.ts'
import { countParams } from '../network/count-params.ts'
import { namedVariables } from '../network/named-variables.ts'
import { supervisedPlan } from '../train/supervised-plan.ts'
import { buildPlan, type JobPlan, stepOps } from './build-plan.ts'
import { createProgressLog, type ProgressLog } from './create-progress-log.ts'
import type { JobEvent } from './job-event.ts'
import { freshFolder } from './job-files.ts'
import { jobMetrics } from './job-metrics.ts'
import { type JobReport, jobReport } from './job-report.ts'
import type { JobRun } from './job-run.ts'
import { JobStopped } from './job-stopped.ts'
import type { JobTeacher } from './job-teacher.ts'
import { latencyOf, networkRunner } from './latency-of.ts'
import { measureTeacher, scoreTeacher } from './measure-teacher.ts'
import { openJob } from './open-job.ts'
import { openTeachers } from './open-teachers.ts'
import { runPhase } from './run-phase.ts'
import type { RunRequest } from './run-request.ts'
import { scoresOf } from './scores-of.ts'
import { trainTeachers } from './train-teachers.ts'
import { writeExports } from './write-exports.ts'

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
    owned.push(...teachers.flatMap(modelsOf))
    const progress = createProgressLog(countStages(run, teachers))
    yield* trainTeachers(run, progress, teachers)
    const student = buildPlan(run, teachers)
    owned.push(student)
    const plan = yield* trainStudent(run, progress, { student, teachers })
    const baseline = yield* trainBaseline(run, progress, owned)
    yield* finish(run, progress, { student, plan, teachers, baseline })
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

function modelsOf({ network, snapshots, foreign }: JobTeacher): { dispose(): void }[] {
  const models = [...(network === null ? [] : [network]), ...snapshots].map(({ model }) => model)
  return foreign === null ? models : [...models, { dispose: () => void foreign.model.dispose() }]
}

async function* trainStudent(
  run: JobRun,
  progress: ProgressLog,
  { student, teachers }: Trained,
): AsyncGenerator<JobEvent, Plan> {
  return yield* runPhase(run, progress, {
    phase: 'student',
    plan: student.plan,
    train: run.job.spec.train,
    view: run.views.train,
    teachers,
    variables: student.variables,
    keeps: (last) => namedVariables([last.deploy, ...Object.values(last.also ?? {})]),
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
    view: run.views.train,
    teachers: [],
    variables: namedVariables([network]),
    keeps: () => namedVariables([network]),
    ops: stepOps(run).bind,
    stageName: () => 'baseline',
  })
  return yield* scoresOf(run, progress, network)
}

interface Finish extends Trained {
  /** That ran last. */
  readonly plan: Plan
  readonly baseline: ClassificationScores | null
}

async function* finish(
  run: JobRun,
  progress: ProgressLog,
  { student, plan, teachers, baseline }: Finish,
): AsyncGenerator<JobEvent> {
  const { deploy } = plan
  const scores = yield* scoresOf(run, progress, deploy)
  const taught = yield* scoreTeacher(run, progress, { teacher: teachers[0], described: student.described })
  const evaluated = progress.ofPass('evaluate', 1, 1)
  if (evaluated !== null) yield evaluated
  progress.advance(1)
  const description = descriptionOf(student, deploy)
  const about = { network: deploy, scores, macs: description?.macs ?? null, teachers, under: null }
  const exports = yield* writeExports(run, progress, about)
  const also = yield* finishOthers(run, progress, { student, plan, teachers })
  const metrics = jobMetrics({
    student: {
      scores,
      params: countParams(deploy),
      bytes: exports[0]?.bytes ?? 0,
      latency: await latencyOf(run, networkRunner(run.request.tf, deploy)),
    },
    classes: run.job.signature.classes,
    description,
    exports,
    teacher: taught && (await measureTeacher(run, taught)),
    baseline,
  })
  yield await writeReport(run, { metrics, scores, teachers, exports, also })
  yield { type: 'done', metrics: { ...metrics }, metricSeq: run.metricSeq }
}

function descriptionOf({ described }: JobPlan, network: Network) {
  const architecture = described.get(network)
  return architecture === undefined ? null : describeArchitecture(architecture)
}

/** The networks that a method hands out beside the one it deploys: measured and exported like it. */
async function* finishOthers(
  run: JobRun,
  progress: ProgressLog,
  { student, plan, teachers }: Trained & { readonly plan: Plan },
): AsyncGenerator<JobEvent, JobReport['also']> {
  const also: Record<string, JobReport['also'][string]> = {}
  for (const [name, network] of Object.entries(plan.also ?? {})) {
    const scores = yield* scoresOf(run, progress, network)
    const macs = descriptionOf(student, network)?.macs ?? null
    const exports = yield* writeExports(run, progress, { network, scores, macs, teachers, under: name })
    const { accuracy, nll } = scores
    also[name] = { accuracy, nll, params: countParams(network), ...(macs === null ? {} : { macs }), exports }
  }
  return also
}

async function writeReport(run: JobRun, report: JobReport): Promise<JobEvent> {
  const dir = join(run.request.scratch, 'report')
  const text = `${JSON.stringify(jobReport(run, report), null, 2)}\n`
  await freshFolder(dir, () => writeFile(join(dir, 'report.json'), text))
  return { type: 'artifacts', kind: 'report', prefix: 'report', dir }
}
