// What one training needs to be told.
import type { TrainSpec } from '@stillhouse/spec'
import type { SavedTensor } from '../checkpoint/saved-tensor.ts'
import type { Plan } from '../contracts/method.ts'
import type { Network } from '../contracts/network.ts'
import type { Ops } from '../contracts/ops.ts'
import type { Signature } from '../contracts/shelf.ts'
import type { Scalar, Tf, Variable } from '../contracts/tf.ts'
import type { BatchPlan, BatchSource } from '../data/batch-source.ts'
import type { SampleView } from '../data/data-views.ts'
import type { PredictProgress } from '../evaluate/predict-logits.ts'
import type { TeacherOutputs } from '../teachers/teacher-outputs.ts'
import type { TrainState } from './train-events.ts'

export interface Evaluation {
  /** 0: only at the end. */
  readonly everyEpochs: number
  /**
   * @returns the metrics, or null when the signal ended it. `validation.accuracy`, or else `accuracy`, says which
   * evaluation is the best
   */
  evaluate(network: Network): AsyncGenerator<PredictProgress, Readonly<Record<string, number>> | null>
}

/** Samples that a stream may be drawn from. */
export interface Source {
  readonly view: SampleView
  readonly signature: Signature
}

export interface TrainRun {
  readonly tf: Tf
  readonly plan: Plan
  /**
   * Every variable of the plan's networks and states by a name that is the same in every process. Grows when a further
   * plan builds more.
   */
  readonly variables: ReadonlyMap<string, Variable>
  /** Frozen; null for one that cannot run in a step. */
  readonly teachers: readonly (Network | null)[]
  /** Default: teachers run in every step. */
  readonly teacherOutputs?: TeacherOutputs
  readonly train: TrainSpec
  readonly samples: Source
  /** Further data sets by name. */
  readonly sources?: Readonly<Record<string, Source>>
  /** Hold-out that host code of a method may look at; default: the training samples. */
  readonly validation?: SampleView | null
  readonly openBatches: (plan: BatchPlan) => BatchSource
  /** Samples per batch where nothing is trained. */
  readonly evaluateBatchSize: number
  readonly evaluation: Evaluation
  readonly ops: (step: () => Scalar) => Ops
  /** Name of a stage as shown to the outside. */
  stageName(name: string): string
  /** Copies of the weights on the way: called with steps done at every multiple of `everySteps`, variables up to date. */
  readonly snapshots?: { readonly everySteps: number; take(step: number): void }
  /** Log points of a stage, about; default 200. */
  readonly logPoints?: number
  /** Metric points given out before this run. */
  readonly metricSeq: number
  readonly resume: { readonly state: TrainState; readonly tensors: ReadonlyMap<string, SavedTensor> } | null
  /** Asks for a stop after the current step. */
  readonly signal: AbortSignal
  /** Milliseconds; for checkpoints and progress, never for numbers. */
  readonly now?: () => number
}
