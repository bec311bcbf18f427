// What the loop carries along: a training, and the stage that it is in.
import type { Stage } from '../contracts/method.ts'
import type { Batches } from '../data/create-batches.ts'
import type { LossLog } from './create-loss-log.ts'
import type { Pace } from './create-pace.ts'
import type { TeacherLogits } from './create-teacher-logits.ts'
import type { StageRun } from './open-stage.ts'
import type { StageSpan } from './stage-spans.ts'
import type { TrainState } from './train-events.ts'
import type { TrainRun } from './train-run.ts'

/** What all stages of a run share. */
export interface Training {
  readonly run: TrainRun
  readonly state: TrainState
  readonly batches: Batches
  readonly teacherLogits: TeacherLogits
  /** Steps and epochs of the whole plan. */
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
