// A stage that is ready to run.
import type { Variable } from '../contracts/tf.ts'
import type { BatchSource } from '../data/batch-source.ts'
import type { Optimizer } from '../optimizers/create-optimizer.ts'
import type { TeacherOutputs } from '../teachers/teacher-outputs.ts'
import type { TrainingStep } from './create-training-step.ts'

export interface StageRun {
  readonly step: TrainingStep
  readonly batches: BatchSource
  readonly teacherOutputs: TeacherOutputs
  readonly optimizers: ReadonlyMap<string, Optimizer>
  /** The optimisers' state by a name that is the same in every process. */
  readonly slots: ReadonlyMap<string, Variable>
  /** Learning rate by role at a step of the training, a fraction within it. */
  rates(step: number): ReadonlyMap<string, number>
  close(): Promise<void>
}
