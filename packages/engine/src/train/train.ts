// The loop. Everything that trains – a student, a teacher, a control – runs through this one generator, which does no
// I/O: whoever drives it writes the checkpoints and sends the events, and may stop asking at any point.
import { setImmediate } from 'node:timers/promises'
import { restoreVariables } from '../checkpoint/saved-tensor.ts'
import type { Stage } from '../contracts/method.ts'
import type { Variable } from '../contracts/tf.ts'
import { createBatches } from '../data/create-batches.ts'
import { busy } from './busy.ts'
import { checkPlan } from './check-plan.ts'
import { createLossLog } from './create-loss-log.ts'
import { createPace } from './create-pace.ts'
import { createTeacherLogits } from './create-teacher-logits.ts'
import { evaluateStage } from './evaluate-stage.ts'
import { openStage } from './open-stage.ts'
import { reportStep } from './report-step.ts'
import type { RunningStage, Training } from './running-stage.ts'
import { type StageSpan, stageSpans } from './stage-spans.ts'
import { initialState, type TrainEvent, type TrainState } from './train-events.ts'
import type { TrainRun } from './train-run.ts'

/**
 * Trains the plan, from the start or from `run.resume`; the result is the same in every bit either way.
 * @returns the state: of a finished plan, or as it stood when the signal came
 * @throws TrainingError `training.diverged` when a loss part is not finite
 */
export async function* train(run: TrainRun): AsyncGenerator<TrainEvent, TrainState> {
  checkPlan(run.plan, run.variables.values())
  const training = prepare(run)
  const { state } = training
  const spans = stageSpans(run.plan, training.steps)
  if (run.resume !== null) restoreVariables(run.tf, run.variables, run.resume.tensors)
  while (state.stage < run.plan.stages.length) {
    const stage = run.plan.stages[state.stage] as Stage
    const finished = yield* runStage(training, stage, spans[state.stage] as StageSpan)
    if (!finished) return state
  }
  return state
}

function prepare(run: TrainRun): Training {
  const { train: spec, view, signature, teachers, tf, evaluateBatchSize, signal } = run
  const batches = createBatches({ view, signature, batchSize: spec.batchSize, seed: spec.seed, augment: spec.augment })
  const request = { tf, view, signature, batchSize: evaluateBatchSize, compile: spec.compile, signal }
  const steps = spec.steps ?? (spec.epochs ?? 0) * batches.stepsPerEpoch
  return {
    run,
    state: structuredClone(run.resume?.state) ?? initialState(run.metricSeq),
    batches,
    teacherLogits: createTeacherLogits({ teachers, request, augmented: spec.augment !== undefined, batches }),
    steps,
    epochs: steps / batches.stepsPerEpoch,
    checkpointDue: every(spec.checkpointSeconds * 1000, run.now ?? (() => performance.now())),
  }
}

/** True once per `ms`, first after `ms`, and never before a stage's first step: the stage before has saved that state. */
function every(ms: number, now: () => number): (step: number) => boolean {
  let last = now()
  return (step) => {
    if (step === 0 || now() - last < ms) return false
    last = now()
    return true
  }
}

/** @returns false when the signal ended it */
async function* runStage(training: Training, stage: Stage, span: StageSpan): AsyncGenerator<TrainEvent, boolean> {
  const { run, state } = training
  const name = run.stageName(stage.name)
  const opening = openStage({
    ...training,
    stage,
    ready: (slots) => {
      if (run.resume !== null && state.step > 0) restoreVariables(run.tf, slots, run.resume.tensors)
    },
  })
  const open = yield* busy({ stage: name, work: 'teacher outputs' }, opening)
  // Nothing has changed since the last checkpoint when the signal comes this early.
  if (open === null) return false
  try {
    yield { type: 'stage', stage: name, steps: span.steps, compiled: open.step.compiled }
    const log = createLossLog({ tf: run.tf, parts: () => open.step.parts, sums: state })
    return yield* runSteps({ training, stage, name, span, open, log, pace: createPace(run.now) })
  } finally {
    open.dispose()
  }
}

async function* runSteps(running: RunningStage): AsyncGenerator<TrainEvent, boolean> {
  const { training, span, open, log } = running
  const { run, state } = training
  for (;;) {
    yield* evaluateIfDue(running)
    if (run.signal.aborted) {
      yield savePoint(running)
      return false
    }
    if (state.step >= span.steps) break
    if (training.checkpointDue(state.step)) yield savePoint(running)
    oneStep(running)
    yield* reportStep(running)
    await setImmediate()
  }
  log.flush()
  open.step.pull()
  state.stage += 1
  state.step = 0
  yield checkpointEvent(training, { stage: running.name, step: span.steps }, new Map())
  return true
}

function oneStep({ training, name, span, open, log, pace }: RunningStage): void {
  const { state, batches, teacherLogits } = training
  const step = span.start + state.step
  const parts = pace.step(() => {
    const batch = batches.at(step)
    const rates = open.rates((step + 0.5) / batches.stepsPerEpoch)
    const logits = teacherLogits.rows(open.step.usesLogitsOf, batch.place)
    return open.step.run({ batch, step, epoch: step / batches.stepsPerEpoch, rates, teacherLogits: logits })
  })
  state.step += 1
  log.push(parts, { stage: name, step: state.step, epoch: (step + 1) / batches.stepsPerEpoch })
}

/** Once per step of the plan, also when a resume stands exactly where one is due. */
async function* evaluateIfDue({ training, stage, name, span, open, log }: RunningStage): AsyncGenerator<TrainEvent> {
  const { run, state, batches, steps } = training
  const step = span.start + state.step
  const interval = run.evaluation.everyEpochs * batches.stepsPerEpoch
  const due = step === steps || (interval > 0 && step % interval === 0)
  if (!due || step === state.evaluatedAt) return
  log.flush()
  open.step.pull()
  yield* evaluateStage(run, state, { stage, name, planStep: step, epoch: step / batches.stepsPerEpoch })
}

function savePoint({ training, name, open, log }: RunningStage): TrainEvent {
  log.flush()
  open.step.pull()
  return checkpointEvent(training, { stage: name, step: training.state.step }, open.slots)
}

function checkpointEvent(
  { run, state }: Training,
  place: { readonly stage: string; readonly step: number },
  slots: ReadonlyMap<string, Variable>,
): TrainEvent {
  const variables = new Map([...run.variables, ...slots])
  return { type: 'checkpoint', ...place, state: structuredClone(state), variables }
}
