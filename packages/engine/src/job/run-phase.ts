// One training of a job: a teacher, the student, the control. Finished already, under way, or new.
import type { TrainSpec } from '@stillhouse/spec'
import { restoreVariables, saveVariables } from '../checkpoint/saved-tensor.ts'
import type { Plan } from '../contracts/method.ts'
import type { Network } from '../contracts/network.ts'
import type { Ops } from '../contracts/ops.ts'
import type { Scalar, Variable } from '../contracts/tf.ts'
import type { SampleView } from '../data/data-views.ts'
import { openBatches } from '../data/open-batches.ts'
import type { ClassificationScores } from '../evaluate/classification-scores.ts'
import { evaluateNetwork } from '../evaluate/evaluate-network.ts'
import type { PredictProgress } from '../evaluate/predict-logits.ts'
import { train } from '../train/train.ts'
import type { TrainEvent, TrainResult } from '../train/train-events.ts'
import type { Evaluation, TrainRun } from '../train/train-run.ts'
import type { ProgressLog } from './create-progress-log.ts'
import type { JobEvent } from './job-event.ts'
import type { JobRun } from './job-run.ts'
import type { FinishedPhase, Phase } from './job-state.ts'
import { JobStopped } from './job-stopped.ts'
import type { JobTeacher } from './job-teacher.ts'
import { phaseTeachers } from './phase-teachers.ts'
import { saveJob } from './save-job.ts'

export interface PhaseRun {
  readonly phase: Phase
  readonly plan: Plan
  readonly train: TrainSpec
  /** Samples to train on. */
  readonly view: SampleView
  readonly teachers: readonly JobTeacher[]
  /** Everything that a checkpoint of this training holds, besides the optimisers' state. */
  readonly variables: ReadonlyMap<string, Variable>
  /** What is left of it once it is over. */
  keeps(last: Plan): ReadonlyMap<string, Variable>
  readonly ops: (step: () => Scalar) => Ops
  /** Name of a stage as shown to the outside. */
  stageName(name: string): string
  readonly snapshots?: NonNullable<TrainRun['snapshots']>
}

/**
 * Trains, or gives the networks the weights they ended with.
 * @returns the plan that ran last: its `deploy` is what was trained
 * @throws JobStopped
 */
export async function* runPhase(run: JobRun, progress: ProgressLog, phase: PhaseRun): AsyncGenerator<JobEvent, Plan> {
  const before = run.finished.get(phase.phase)
  if (before !== undefined) {
    const plans = replay(phase.plan, before.result.decisions)
    const last = plans.at(-1) ?? phase.plan
    restoreVariables(run.request.tf, phase.keeps(last), before.tensors)
    const stages = plans.flatMap((plan) => plan.stages).length
    progress.grow(stages - phase.plan.stages.length)
    progress.advance(stages)
    return last
  }
  const { state, plan } = yield* trainPhase(run, progress, phase)
  progress.advance(state.stage)
  const { curve, best, losses, decisions } = state
  const result: FinishedPhase = { curve, best, losses, decisions, reused: false }
  run.finished.set(phase.phase, { result, tensors: saveVariables(phase.keeps(plan)) })
  run.metricSeq = state.metricSeq
  // What was measured last are not the weights that it ended with.
  if (phase.train.keep === 'best') run.scores.delete(plan.deploy)
  return plan
}

/** The plan, and those that the decisions led to. */
function replay(plan: Plan, decisions: readonly unknown[]): Plan[] {
  const plans = [plan]
  for (const decision of decisions) {
    const next = plans.at(-1)?.next?.plan(decision)
    if (next !== undefined) plans.push(next)
  }
  return plans
}

async function* trainPhase(run: JobRun, progress: ProgressLog, phase: PhaseRun): AsyncGenerator<JobEvent, TrainResult> {
  const teachers = phaseTeachers(run, phase)
  try {
    const training = train({ ...trainRun(run, phase), ...teachers.inputs })
    let stages = phase.plan.stages.length
    for (;;) {
      const next = await training.next()
      yield* teachers.notes()
      if (next.done === true) {
        if (!next.value.finished) throw new JobStopped()
        return next.value
      }
      if (next.value.type === 'step' && next.value.index >= stages) {
        progress.grow(next.value.index + 1 - stages)
        stages = next.value.index + 1
      }
      const event = await tell(run, progress, { phase: phase.phase, event: next.value })
      if (event !== null) yield event
    }
  } finally {
    await teachers.close()
  }
}

interface Told {
  readonly phase: Phase
  readonly event: TrainEvent
}

/** The job's event for one of training's, if it has one. */
async function tell(run: JobRun, progress: ProgressLog, { phase, event }: Told): Promise<JobEvent | null> {
  switch (event.type) {
    case 'metrics':
      return event
    case 'eval':
      return { type: 'eval', stage: event.stage, step: event.step, metrics: { ...event.metrics } }
    case 'step':
    case 'busy':
      return progress.ofTraining(event)
    case 'stage': {
      const how = event.compiled ? 'one compiled graph per step' : 'eagerly'
      return { type: 'log', level: 'info', message: `Stage ${event.stage}: ${event.steps} steps, ${how}.` }
    }
    case 'checkpoint': {
      const { stage, step, state } = event
      const running = { phase, train: state }
      return await saveJob(run, {
        running,
        tensors: saveVariables(event.variables),
        stage,
        step,
        metricSeq: state.metricSeq,
      })
    }
  }
}

function trainRun(run: JobRun, phase: PhaseRun): Omit<TrainRun, 'teachers' | 'teacherOutputs'> {
  const { request, job, views, sources } = run
  const { resume } = run
  const mine = resume?.running.phase === phase.phase
  if (mine) run.resume = null
  const threads = job.spec.resources.loaderThreads
  return {
    tf: request.tf,
    plan: phase.plan,
    variables: phase.variables,
    train: phase.train,
    samples: { view: phase.view, signature: job.signature },
    sources: Object.fromEntries(sources),
    validation: views.validation,
    openBatches: request.openBatches ?? ((plan) => openBatches(plan, { threads })),
    evaluateBatchSize: job.spec.evaluate.batchSize,
    evaluation: evaluationOf(run, phase.train),
    ops: phase.ops,
    stageName: phase.stageName,
    ...(phase.snapshots && { snapshots: phase.snapshots }),
    metricSeq: run.metricSeq,
    resume: mine && resume !== null ? { state: resume.running.train, tensors: resume.tensors } : null,
    signal: request.signal,
  }
}

/**
 * Evaluates on the split of the final metrics and remembers the last scores of each network; and on the hold-out, where
 * it decides which weights are kept or when training ends.
 */
function evaluationOf(run: JobRun, { keep, earlyStopping }: TrainSpec): Evaluation {
  const { validation } = run.views
  const decides = keep === 'best' || earlyStopping !== undefined
  const apart = decides && validation !== run.evaluateOn ? validation : null
  return {
    everyEpochs: run.job.spec.evaluate.everyEpochs,
    evaluate: async function* (network) {
      const scores = yield* evaluateNetwork(evaluationRequest(run, network))
      if (scores === null) return null
      run.scores.set(network, scores)
      const own = { accuracy: scores.accuracy, nll: scores.nll }
      if (apart === null) return own
      const held = yield* heldOut(run, network, apart)
      return held && { ...own, 'validation.accuracy': held.accuracy, 'validation.nll': held.nll }
    },
  }
}

function heldOut(
  run: JobRun,
  network: Network,
  view: SampleView,
): AsyncGenerator<PredictProgress, ClassificationScores | null> {
  return evaluateNetwork({ ...evaluationRequest(run, network), view })
}

export function evaluationRequest({ request, job, evaluateOn }: JobRun, network: Network) {
  const { tf, signal } = request
  const { evaluate, train: spec } = job.spec
  const { batchSize } = evaluate
  return { tf, network, view: evaluateOn, signature: job.signature, batchSize, compile: spec.compile, signal }
}
