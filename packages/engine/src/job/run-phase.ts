// One training of a job: a teacher, the student, the control. Finished already, under way, or new.
import type { TrainSpec } from '@stillhouse/spec'
import { restoreVariables, saveVariables } from '../checkpoint/saved-tensor.ts'
import type { Plan } from '../contracts/method.ts'
import type { Network } from '../contracts/network.ts'
import type { Ops } from '../contracts/ops.ts'
import type { Scalar, Variable } from '../contracts/tf.ts'
import { evaluateNetwork } from '../evaluate/evaluate-network.ts'
import { namedVariables } from '../network/named-variables.ts'
import { train } from '../train/train.ts'
import type { TrainEvent, TrainState } from '../train/train-events.ts'
import type { Evaluation, TrainRun } from '../train/train-run.ts'
import type { ProgressLog } from './create-progress-log.ts'
import type { JobEvent } from './job-event.ts'
import type { JobRun } from './job-run.ts'
import type { FinishedPhase, Phase } from './job-state.ts'
import { JobStopped } from './job-stopped.ts'
import { saveJob } from './save-job.ts'

export interface PhaseRun {
  readonly phase: Phase
  readonly plan: Plan
  readonly train: TrainSpec
  /** Frozen. */
  readonly teachers: readonly Network[]
  /** Everything that a checkpoint of this training holds, besides the optimisers' state. */
  readonly variables: ReadonlyMap<string, Variable>
  readonly ops: (step: () => Scalar) => Ops
  /** Name of a stage as shown to the outside. */
  stageName(name: string): string
}

/** Trains `phase.plan.deploy`, or gives it the weights it ended with. @throws JobStopped */
export async function* runPhase(
  run: JobRun,
  progress: ProgressLog,
  phase: PhaseRun,
): AsyncGenerator<JobEvent, FinishedPhase> {
  const { tf } = run.request
  const own = namedVariables([phase.plan.deploy])
  const before = run.finished.get(phase.phase)
  if (before !== undefined) {
    restoreVariables(tf, own, before.tensors)
    progress.advance(phase.plan.stages.length)
    return before.result
  }
  const state = yield* trainPhase(run, progress, phase)
  progress.advance(phase.plan.stages.length)
  const { curve, best, losses } = state
  const result = { curve, best, losses, reused: false }
  run.finished.set(phase.phase, { result, tensors: saveVariables(own) })
  run.metricSeq = state.metricSeq
  return result
}

async function* trainPhase(run: JobRun, progress: ProgressLog, phase: PhaseRun): AsyncGenerator<JobEvent, TrainState> {
  const training = train(trainRun(run, phase))
  for (;;) {
    const next = await training.next()
    if (next.done === true) {
      if (next.value.stage < phase.plan.stages.length) throw new JobStopped()
      return next.value
    }
    const event = await tell(run, progress, { phase: phase.phase, event: next.value })
    if (event !== null) yield event
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

function trainRun(run: JobRun, phase: PhaseRun): TrainRun {
  const { request, job, views } = run
  const { resume } = run
  const mine = resume?.running.phase === phase.phase
  if (mine) run.resume = null
  return {
    tf: request.tf,
    plan: phase.plan,
    variables: phase.variables,
    teachers: phase.teachers,
    train: phase.train,
    signature: job.signature,
    view: views.train,
    evaluateBatchSize: job.spec.evaluate.batchSize,
    evaluation: evaluationOf(run),
    ops: phase.ops,
    stageName: phase.stageName,
    metricSeq: run.metricSeq,
    resume: mine && resume !== null ? { state: resume.running.train, tensors: resume.tensors } : null,
    signal: request.signal,
  }
}

/** Evaluates on the split of the final metrics and remembers the last scores of each network. */
function evaluationOf(run: JobRun): Evaluation {
  return {
    everyEpochs: run.job.spec.evaluate.everyEpochs,
    evaluate: async function* (network) {
      const scores = yield* evaluateNetwork(evaluationRequest(run, network))
      if (scores === null) return null
      run.scores.set(network, scores)
      return { accuracy: scores.accuracy, nll: scores.nll }
    },
  }
}

export function evaluationRequest({ request, job, evaluateOn }: JobRun, network: Network) {
  const { tf, signal } = request
  const { evaluate, train: spec } = job.spec
  const { batchSize } = evaluate
  return { tf, network, view: evaluateOn, signature: job.signature, batchSize, compile: spec.compile, signal }
}
