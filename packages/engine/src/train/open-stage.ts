// One stage made ready to run: its batches, its optimisers and its step.
import type { Stage, StateUpdate } from '../contracts/method.ts'
import type { Variable } from '../contracts/tf.ts'
import { createOptimizer, type Optimizer } from '../optimizers/create-optimizer.ts'
import { learningRateShare } from '../optimizers/learning-rate.ts'
import { liveTeachers } from '../teachers/live-teachers.ts'
import { createTrainingStep } from './create-training-step.ts'
import { playerVariables } from './player-variables.ts'
import type { Training } from './running-stage.ts'
import { stageBatches } from './stage-batches.ts'
import type { StageRun } from './stage-run.ts'
import type { StageSpan } from './stage-spans.ts'
import type { TrainRun } from './train-run.ts'

export interface OpenStage {
  readonly training: Training
  readonly stage: Stage
  readonly span: StageSpan
  /** Called when the optimisers are there and before the step is traced: the place to restore them. */
  ready(slots: ReadonlyMap<string, Variable>): void
}

/** @throws TrainingError `spec.rejected` when a batch is larger than what it is drawn from */
export function openStage({ training, stage, span, ready }: OpenStage): StageRun {
  const { run, kept } = training
  const plan = stageBatches(run, stage)
  const optimizers = optimizersOf(run, stage)
  const slots = slotsOf(stage, optimizers)
  ready(slots)
  // A stage may draw from other samples, or show them otherwise, than what the outputs were kept for.
  const teacherOutputs = (run.teacherOutputs ?? liveTeachers(run.teachers)).on(plan.main)
  const step = createTrainingStep({
    ...run,
    stage: withAverage(stage, kept.average),
    optimizers,
    variables: run.variables.values(),
    batches: plan,
    compile: run.train.compile,
    teacherOutputs,
  })
  const batches = run.openBatches(plan)
  return {
    step,
    batches,
    teacherOutputs,
    optimizers,
    slots,
    rates: (at) => ratesOf(optimizers, rateShare(training, { stage, span, at })),
    close: async () => {
      step.dispose()
      for (const optimizer of optimizers.values()) optimizer.dispose()
      await batches.close()
    },
  }
}

function withAverage(stage: Stage, average: StateUpdate | null): Stage {
  return average === null ? stage : { ...stage, updates: [...stage.updates, average] }
}

function optimizersOf({ tf, train, variables: named }: TrainRun, stage: Stage): ReadonlyMap<string, Optimizer> {
  return new Map(
    stage.players.map(({ role, variables, optimizer: spec = train.optimizer }) => {
      const moved = playerVariables({ spec, variables, named })
      return [role, createOptimizer({ tf, spec, accumulate: train.accumulate, ...moved })]
    }),
  )
}

function slotsOf(stage: Stage, optimizers: ReadonlyMap<string, Optimizer>): ReadonlyMap<string, Variable> {
  return new Map(
    [...optimizers].flatMap(([role, { slots }]) =>
      [...slots].map(([slot, variable]) => [`optimizer/${stage.name}/${role}/${slot}`, variable] as const),
    ),
  )
}

/** A stage with a schedule of its own counts its own epochs. */
function rateShare(
  { run, stepsPerEpoch, epochs }: Training,
  { stage, span, at }: { readonly stage: Stage; readonly span: StageSpan; readonly at: number },
): number {
  if (stage.schedule === undefined) return learningRateShare(run.train.schedule, at / stepsPerEpoch, epochs)
  return learningRateShare(stage.schedule, (at - span.start) / stepsPerEpoch, span.steps / stepsPerEpoch)
}

function ratesOf(optimizers: ReadonlyMap<string, Optimizer>, share: number): ReadonlyMap<string, number> {
  return new Map([...optimizers].map(([role, { spec }]) => [role, spec.learningRate * share]))
}
