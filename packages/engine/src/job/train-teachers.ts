// Trains the teachers that a job trains itself, and hands each out to be kept for others.
import { join } from 'node:path'
import type { Network } from '../contracts/network.ts'
import { countParams } from '../network/count-params.ts'
import { saveLayersModel } from '../network/layers-model-files.ts'
import { namedVariables } from '../network/named-variables.ts'
import { createOps } from '../ops/create-ops.ts'
import { supervisedPlan } from '../train/supervised-plan.ts'
import type { ProgressLog } from './create-progress-log.ts'
import type { JobEvent } from './job-event.ts'
import type { JobRun } from './job-run.ts'
import type { JobTeacher } from './job-teacher.ts'
import { runPhase } from './run-phase.ts'
import { scoresOf } from './scores-of.ts'

/** Trains what is still to be trained; each is handed out to be kept. @throws JobStopped */
export async function* trainTeachers(
  run: JobRun,
  progress: ProgressLog,
  teachers: readonly JobTeacher[],
): AsyncGenerator<JobEvent> {
  for (const [i, { network, own }] of teachers.entries()) {
    if (own !== null) yield* trainTeacher(run, progress, { i, network, ...own })
  }
}

interface OwnTeacher {
  readonly i: number
  readonly network: Network
  readonly trainee: Network
  readonly key: string
}

async function* trainTeacher(run: JobRun, progress: ProgressLog, teacher: OwnTeacher): AsyncGenerator<JobEvent> {
  const { i, network, trainee, key } = teacher
  const { tf, spec, scratch } = run.request
  const already = run.finished.has(`teacher-${i}`)
  const train = spec.teachers[i]?.train ?? spec.train
  yield* runPhase(run, progress, {
    phase: `teacher-${i}`,
    plan: supervisedPlan(trainee),
    train,
    teachers: [],
    variables: namedVariables([trainee]),
    ops: (step) => createOps({ tf, seed: train.seed, step }),
    stageName: () => network.role,
  })
  const scores = run.scores.get(trainee)
  if (scores !== undefined) run.scores.set(network, scores)
  if (already) return
  const { accuracy, nll } = yield* scoresOf(run, progress, network)
  const dir = join(scratch, 'teachers', String(i))
  await saveLayersModel({ tf, dir }, network.model)
  yield { type: 'teacher', key, dir, metrics: { accuracy, nll, params: countParams(network) } }
}
