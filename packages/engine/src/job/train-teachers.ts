// Trains the teachers that a job trains itself, and hands each out to be kept for others.
import { join } from 'node:path'
import type { TrainSpec } from '@stillhouse/spec'
import type { Network } from '../contracts/network.ts'
import { dataViews, type SampleView } from '../data/data-views.ts'
import { countParams } from '../network/count-params.ts'
import { deployableModel } from '../network/deployable-model.ts'
import { saveLayersModel } from '../network/layers-model-files.ts'
import { createOps } from '../ops/create-ops.ts'
import { stepsPerEpoch } from '../train/steps-per-epoch.ts'
import { supervisedPlan } from '../train/supervised-plan.ts'
import type { ProgressLog } from './create-progress-log.ts'
import type { JobEvent } from './job-event.ts'
import type { JobRun } from './job-run.ts'
import { type JobTeacher, teacherVariables } from './job-teacher.ts'
import { runPhase } from './run-phase.ts'
import { scoresOf } from './scores-of.ts'
import { saveSnapshots, takeSnapshot } from './teacher-snapshots.ts'

/** Trains what is still to be trained; each is handed out to be kept. @throws JobStopped */
export async function* trainTeachers(
  run: JobRun,
  progress: ProgressLog,
  teachers: readonly JobTeacher[],
): AsyncGenerator<JobEvent> {
  for (const [i, teacher] of teachers.entries()) {
    const { own, network } = teacher
    if (own !== null && network !== null) yield* trainTeacher(run, progress, { ...teacher, ...own, network, i })
  }
}

interface OwnTeacher extends JobTeacher {
  readonly i: number
  readonly network: Network
  readonly trainee: Network
  readonly key: string
}

async function* trainTeacher(run: JobRun, progress: ProgressLog, teacher: OwnTeacher): AsyncGenerator<JobEvent> {
  const { i, network, trainee, key, role } = teacher
  const { tf, spec, scratch } = run.request
  const already = run.finished.has(`teacher-${i}`)
  const train = spec.teachers[i]?.train ?? spec.train
  const view = viewOf(run, i)
  yield* runPhase(run, progress, {
    phase: `teacher-${i}`,
    plan: supervisedPlan(trainee),
    train,
    view,
    teachers: [],
    variables: teacherVariables(teacher),
    keeps: () => teacherVariables(teacher),
    ops: (step) => createOps({ tf, seed: train.seed, step }),
    stageName: () => role,
    ...snapshotsOf(run, teacher, { train, view }),
  })
  const scores = run.scores.get(trainee)
  if (scores !== undefined) run.scores.set(network, scores)
  if (already) return
  const { accuracy, nll } = yield* scoresOf(run, progress, network)
  const dir = join(scratch, 'teachers', String(i))
  await saveLayersModel({ tf, dir }, deployableModel(tf, network.model))
  await saveSnapshots({ tf, dir }, teacher.snapshots)
  yield { type: 'teacher', key, dir, metrics: { accuracy, nll, params: countParams(network) } }
}

/** The samples that this teacher learns from, normalised as all networks of the job see them. */
function viewOf({ request: { spec }, dataset, views }: JobRun, i: number): SampleView {
  const own = spec.teachers[i]?.data
  if (own === undefined) return views.train
  return { ...dataViews(dataset, { ...spec.data, ...own }).train, normalise: views.train.normalise }
}

interface SnapshotsOf {
  readonly train: TrainSpec
  readonly view: SampleView
}

function snapshotsOf({ request }: JobRun, teacher: OwnTeacher, { train, view }: SnapshotsOf) {
  const every = request.spec.teachers[teacher.i]?.snapshots?.everyEpochs
  if (every === undefined) return {}
  const everySteps = every * stepsPerEpoch(view, train.batchSize)
  const take = (step: number) => {
    const snapshot = teacher.snapshots[step / everySteps - 1]
    if (snapshot !== undefined) takeSnapshot(snapshot, teacher.trainee)
  }
  return { snapshots: { everySteps, take } }
}
