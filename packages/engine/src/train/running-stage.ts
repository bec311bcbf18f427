// What the loop carries along: a training, and the stage that it is in.
import type { Plan, Stage } from '../contracts/method.ts'
import type { Variable } from '../contracts/tf.ts'
import type { LossLog } from './create-loss-log.ts'
import type { Pace } from './create-pace.ts'
import type { KeptWeights } from './kept-weights.ts'
import type { StageRun } from './stage-run.ts'
import type { StageSpan } from './stage-spans.ts'
import type { TrainState } from './train-events.ts'
import type { TrainRun } from './train-run.ts'

/** What all stages of a run share. */
export interface Training {
  readonly run: TrainRun
  readonly state: TrainState
  /** The plan whose stages run now: the first, or one that followed. */
  plan: Plan
  /** Of all plans so far. */
  readonly stages: Stage[]
  /** Moving average and best weights of the plan's network. */
  kept: KeptWeights
  readonly stepsPerEpoch: number
  /** Steps and epochs of the whole training. */
  readonly steps: number
  readonly epochs: number
  readonly checkpointDue: (step: number) => boolean
}

/** One stage while it runs. */
export interface RunningStage {
  readonly training: Training
  readonly stage: Stage
  readonly name: string
  readonly span: StageSpan
  readonly open: StageRun
  readonly log: LossLog
  readonly pace: Pace
}

/** Every variable that a checkpoint of the training holds, besides the optimisers' state. */
export function checkpointVariables({ run, kept }: Training): ReadonlyMap<string, Variable> {
  return new Map([...run.variables, ...kept.variables])
}
