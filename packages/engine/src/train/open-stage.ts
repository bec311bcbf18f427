// One stage made ready to run: its optimisers, its step, and its teachers' logits where those may be held.
import type { Stage } from '../contracts/method.ts'
import type { Variable } from '../contracts/tf.ts'
import type { Batches } from '../data/create-batches.ts'
import type { PredictProgress } from '../evaluate/predict-logits.ts'
import { createOptimizer, type Optimizer } from '../optimizers/create-optimizer.ts'
import { learningRateShare } from '../optimizers/learning-rate.ts'
import type { TeacherLogits } from './create-teacher-logits.ts'
import { createTrainingStep, type TrainingStep } from './create-training-step.ts'
import type { TrainRun } from './train-run.ts'

export interface StageRun {
  readonly step: TrainingStep
  readonly optimizers: ReadonlyMap<string, Optimizer>
  /** The optimisers' state by a name that is the same in every process. */
  readonly slots: ReadonlyMap<string, Variable>
  /** Learning rate by role at an epoch of the plan. */
  rates(epoch: number): ReadonlyMap<string, number>
  dispose(): void
}

export interface OpenStage {
  readonly run: TrainRun
  readonly stage: Stage
  readonly batches: Batches
  readonly teacherLogits: TeacherLogits
  /** Epochs of the whole plan. */
  readonly epochs: number
  /** Called when the optimisers are there and before the step is traced: the place to restore them. */
  ready(slots: ReadonlyMap<string, Variable>): void
}

/** @returns null when the signal ended it */
export async function* openStage(request: OpenStage): AsyncGenerator<PredictProgress, StageRun | null> {
  const { run, stage, batches, teacherLogits, epochs } = request
  const optimizers = optimizersOf(run, stage)
  const slots = slotsOf(stage, optimizers)
  request.ready(slots)
  const step = createTrainingStep({
    ...run,
    stage,
    optimizers,
    variables: run.variables.values(),
    batchSize: batches.size,
    compile: run.train.compile,
    cacheTeachers: teacherLogits.allowed,
  })
  const dispose = () => {
    step.dispose()
    for (const optimizer of optimizers.values()) optimizer.dispose()
  }
  for (const teacher of step.usesLogitsOf) {
    if (yield* teacherLogits.prepare(teacher)) continue
    dispose()
    return null
  }
  const rates = (epoch: number) => ratesOf(optimizers, learningRateShare(run.train.schedule, epoch, epochs))
  return { step, optimizers, slots, rates, dispose }
}

function optimizersOf({ tf, train }: TrainRun, stage: Stage): ReadonlyMap<string, Optimizer> {
  return new Map(
    stage.players.map(({ role, variables, optimizer: spec = train.optimizer }) => [
      role,
      createOptimizer({ tf, spec, variables }),
    ]),
  )
}

function slotsOf(stage: Stage, optimizers: ReadonlyMap<string, Optimizer>): ReadonlyMap<string, Variable> {
  return new Map(
    [...optimizers].flatMap(([role, { slots }]) =>
      [...slots].map(([slot, variable]) => [`optimizer/${stage.name}/${role}/${slot}`, variable] as const),
    ),
  )
}

function ratesOf(optimizers: ReadonlyMap<string, Optimizer>, share: number): ReadonlyMap<string, number> {
  return new Map([...optimizers].map(([role, { spec }]) => [role, spec.learningRate * share]))
}
