// Where a job stands, over all its trainings: what a checkpoint says besides its tensors.
import type { EvalPoint, TrainState } from '../train/train-events.ts'

/** `teacher-<i>`, `student` or `baseline`: one training each. */
export type Phase = `teacher-${number}` | 'student' | 'baseline'

/** What is left of a training when it is over, besides the weights. */
export interface FinishedPhase {
  readonly curve: readonly EvalPoint[]
  readonly best: EvalPoint | null
  readonly losses: Readonly<Record<string, number>>
  /** What further plans were decided on. */
  readonly decisions: readonly unknown[]
  /** Set when the training was another job's. */
  readonly reused: boolean
}

export interface JobState {
  /** The training that is under way; null before the first. */
  readonly running: { readonly phase: Phase; readonly train: TrainState } | null
  readonly finished: Readonly<Partial<Record<Phase, FinishedPhase>>>
}
