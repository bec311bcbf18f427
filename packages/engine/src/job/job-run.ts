// A job made ready: data open, spec resolved, last checkpoint read. What all its trainings and measurements share.
import type { SavedTensor } from '../checkpoint/saved-tensor.ts'
import type { Dataset } from '../contracts/data-format.ts'
import type { Network } from '../contracts/network.ts'
import type { DataViews, SampleView } from '../data/data-views.ts'
import type { ClassificationScores } from '../evaluate/classification-scores.ts'
import type { Source } from '../train/train-run.ts'
import type { JobEvent } from './job-event.ts'
import type { FinishedPhase, JobState, Phase } from './job-state.ts'
import type { ResolvedJob } from './resolved-job.ts'
import type { RunRequest } from './run-request.ts'

export interface JobRun {
  readonly request: RunRequest
  readonly job: ResolvedJob
  readonly dataset: Dataset
  readonly views: DataViews
  /** Further data sets by name. */
  readonly sources: ReadonlyMap<string, Source & { readonly digest: string }>
  /** The samples of `evaluate.split`. */
  readonly evaluateOn: SampleView
  readonly fingerprint: string
  /** The training that the checkpoint was taken in; taken away when it goes on. */
  resume: { readonly running: NonNullable<JobState['running']>; readonly tensors: Tensors } | null
  /** Trainings that are over, by phase, with the weights they ended with. */
  readonly finished: Map<Phase, { readonly result: FinishedPhase; readonly tensors: Tensors }>
  /** Scores of networks that do not change any more. */
  readonly scores: Map<Network, ClassificationScores>
  metricSeq: number
  checkpoints: number
  /** What `open` has to say before anything else. */
  readonly opening: readonly JobEvent[]
}

/** By name. */
export type Tensors = ReadonlyMap<string, SavedTensor>

/** File of a checkpoint with the tensors of the training that is under way. */
export const TRAINING = 'training'
