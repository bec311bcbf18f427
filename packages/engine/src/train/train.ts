// The loop. Everything that trains – a student, a teacher, a control – runs through this one generator, which does no
// I/O: whoever drives it writes the checkpoints and sends the events, and may stop asking at any point.
import { setImmediate } from 'node:timers/promises'
import { restoreVariables } from '../checkpoint/saved-tensor.ts'
import type { Plan, Stage } from '../contracts/method.ts'
import type { Variable } from '../contracts/tf.ts'
import { busy } from './busy.ts'
import { checkPlan } from './check-plan.ts'
import { createLossLog } from './create-loss-log.ts'
import { createPace } from './create-pace.ts'
import { endsEarly, evaluateStage } from './evaluate-stage.ts'
import { hostContext } from './host-context.ts'
import { keepWeights } from './kept-weights.ts'
import { openStage } from './open-stage.ts'
import { reportStep } from './report-step.ts'
import { checkpointVariables, type RunningStage, type Training } from './running-stage.ts'
import { type StageSpan, stageSpans } from './stage-spans.ts'
import { stepsPerEpoch } from './steps-per-epoch.ts'
import { initialState, type TrainEvent, type TrainResult } from './train-events.ts'
import type { TrainRun } from './train-run.ts'
import { TrainingStopped } from './training-stopped.ts'

/**
 * Trains the plan and those that follow it, from the start or from `run.resume`; the result is the same in every bit
 * either way.
 * @throws TrainingError `training.diverged` when a loss part is not finite
 */
export async function* train(run: TrainRun): AsyncGenerator<TrainEvent, TrainResult> {
  const training = prepare(run)
  try {
    if (run.resume !== null) restoreVariables(run.tf, checkpointVariables(training), run.resume.tensors)
    for (;;) {
      if (!(yield* runStages(training))) return result(training, false)
      if (training.plan.next === undefined) {
        training.kept.finish()
        return result(training, true)
      }
      yield* goOn(training, training.plan.next)
    }
  } catch (error) {
    if (error instanceof TrainingStopped) return result(training, false)
    throw error
  } finally {
    training.kept.dispose()
  }
}

function result({ state, plan }: Training, finished: boolean): TrainResult {
  return { state, plan, finished }
}

function prepare(run: TrainRun): Training {
  const { tf, train: spec, plan } = run
  const perEpoch = stepsPerEpoch(run.samples.view, spec.batchSize)
  const steps = spec.steps ?? (spec.epochs ?? 0) * perEpoch
  const training: Training = {
    run,
    state: structuredClone(run.resume?.state) ?? initialState(run.metricSeq),
    plan,
    stages: [],
    kept: keepWeights({ tf, network: plan.deploy, train: spec }),
    stepsPerEpoch: perEpoch,
    steps,
    epochs: steps / perEpoch,
    checkpointDue: every(spec.checkpointSeconds * 1000, run.now ?? (() => performance.now())),
  }
  take(training, plan)
  for (const decision of training.state.decisions) follow(training, decision)
  return training
}

/** Adds the stages of a plan to the training. */
function take(training: Training, plan: Plan): void {
  checkPlan({ plan, before: training.stages, kept: training.run.variables.values() })
  training.plan = plan
  training.stages.push(...plan.stages)
}

/** The plan that comes after a decision. */
function follow(training: Training, decision: unknown): void {
  const { run, plan, kept } = training
  if (plan.next === undefined) throw new Error('A checkpoint knows a decision of a plan that nothing follows.')
  const next = plan.next.plan(decision)
  kept.dispose()
  training.kept = keepWeights({ tf: run.tf, network: next.deploy, train: run.train })
  take(training, next)
}

async function* goOn(training: Training, next: NonNullable<Plan['next']>): AsyncGenerator<TrainEvent> {
  const { state } = training
  // Through JSON, so that a resumed run sees what this one does.
  const decision: unknown = JSON.parse(JSON.stringify(await next.decide(hostContext(training.run))))
  follow(training, decision)
  state.decisions.push(decision)
  state.best = null
  const stage = training.run.stageName(training.stages[state.stage]?.name ?? '')
  yield checkpointEvent(training, { stage, step: 0 }, new Map())
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
async function* runStages(training: Training): AsyncGenerator<TrainEvent, boolean> {
  const { state, stages, steps } = training
  const spans = stageSpans(stages, steps)
  while (state.stage < stages.length) {
    const stage = stages[state.stage] as Stage
    if (!(yield* runStage(training, stage, spans[state.stage] as StageSpan))) return false
  }
  return true
}

async function* runStage(training: Training, stage: Stage, span: StageSpan): AsyncGenerator<TrainEvent, boolean> {
  const { run, state } = training
  const name = run.stageName(stage.name)
  if (state.step === 0) await stage.begin?.(hostContext(run))
  const open = openStage({
    training,
    stage,
    span,
    ready: (slots) => {
      if (run.resume !== null && state.step > 0) restoreVariables(run.tf, slots, run.resume.tensors)
    },
  })
  try {
    yield { type: 'stage', stage: name, steps: span.steps, compiled: open.step.compiled }
    const log = createLossLog({ tf: run.tf, parts: () => open.step.parts, sums: state })
    return yield* runSteps({ training, stage, name, span, open, log, pace: createPace(run.now) })
  } finally {
    await open.close()
  }
}

async function* runSteps(running: RunningStage): AsyncGenerator<TrainEvent, boolean> {
  const { training, span, open, log } = running
  const { run, state } = training
  let prepared = -1
  for (;;) {
    yield* evaluateIfDue(running)
    if (run.signal.aborted) {
      // Before a stage's first step the checkpoint of the one before stands, and its beginning is made anew from that.
      if (state.step > 0 || running.stage.begin === undefined) yield savePoint(running)
      return false
    }
    if (state.step >= span.steps || endsEarly(run, state)) break
    if (training.checkpointDue(state.step)) yield savePoint(running)
    const epoch = Math.floor((span.start + state.step) / training.stepsPerEpoch)
    if (epoch !== prepared && !(yield* prepareTeachers(running, epoch))) continue
    prepared = epoch
    await oneStep(running)
    yield* reportStep(running)
    await setImmediate()
  }
  log.flush()
  open.step.pull()
  state.stage += 1
  state.step = 0
  state.stale = 0
  yield checkpointEvent(training, { stage: running.name, step: span.steps }, new Map())
  return true
}

/** @returns false when the signal ended it */
async function* prepareTeachers(running: RunningStage, epoch: number): AsyncGenerator<TrainEvent, boolean> {
  const { step, teacherOutputs } = running.open
  if (step.fed.length === 0) return true
  return yield* busy({ stage: running.name, work: 'teacher outputs' }, teacherOutputs.prepare(step.fed, epoch))
}

async function oneStep({ training, name, span, open, log, pace }: RunningStage): Promise<void> {
  const { state, stepsPerEpoch: perEpoch } = training
  const step = span.start + state.step
  const start = pace.start()
  const batches = await open.batches.at(step)
  const { fed } = open.step
  const teacherRows = fed.length === 0 ? [] : await open.teacherOutputs.rows(fed, batches.main)
  const parts = open.step.run({ batches, step, epoch: step / perEpoch, rates: open.rates(step + 0.5), teacherRows })
  pace.end(start)
  state.step += 1
  log.push(parts, { stage: name, step: state.step, epoch: (step + 1) / perEpoch })
}

/** Once per step of the training, also when a resume stands exactly where one is due. */
async function* evaluateIfDue({ training, stage, name, span, open, log }: RunningStage): AsyncGenerator<TrainEvent> {
  const { run, state, steps, stepsPerEpoch: perEpoch } = training
  const step = span.start + state.step
  const snapshot = run.snapshots !== undefined && step > 0 && step % run.snapshots.everySteps === 0
  const interval = run.evaluation.everyEpochs * perEpoch
  const due = (step === steps || (interval > 0 && step % interval === 0)) && step !== state.evaluatedAt
  if (!due && !snapshot) return
  log.flush()
  open.step.pull()
  if (snapshot) run.snapshots?.take(step)
  if (due) yield* evaluateStage(training, stage, { name, planStep: step, epoch: step / perEpoch })
}

function savePoint({ training, name, open, log }: RunningStage): TrainEvent {
  log.flush()
  open.step.pull()
  return checkpointEvent(training, { stage: name, step: training.state.step }, open.slots)
}

function checkpointEvent(
  training: Training,
  place: { readonly stage: string; readonly step: number },
  slots: ReadonlyMap<string, Variable>,
): TrainEvent {
  const variables = new Map([...checkpointVariables(training), ...slots])
  return { type: 'checkpoint', ...place, state: structuredClone(training.state), variables }
}
