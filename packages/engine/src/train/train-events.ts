// What training says while it runs, and the part of its state that is not a tensor.
import type { MetricPoint } from '@stillhouse/spec'
import type { Plan } from '../contracts/method.ts'
import type { Variable } from '../contracts/tf.ts'

/** One evaluation during training. */
export interface EvalPoint {
  readonly stage: string
  readonly step: number
  readonly epoch: number
  readonly metrics: Readonly<Record<string, number>>
}

/** Where a run stands between two steps. Plain JSON; with the variables it is all that a resume needs. */
export interface TrainState {
  /** Index of the stage; the number of stages when all are done. */
  stage: number
  /** Steps done in this stage. */
  step: number
  /** Number of the last metric point given out. */
  metricSeq: number
  /** Step of the plan at which the last evaluation was made; 0 before the first. */
  evaluatedAt: number
  /** Sums of the loss parts since the last logged point, and over how many steps. */
  sums: number[]
  summed: number
  /** Best evaluation of the plan that runs. */
  best: EvalPoint | null
  /** Evaluations of this stage since the best. */
  stale: number
  /** What further plans were decided on, in order. */
  decisions: unknown[]
  /** Evaluations so far, thinned out evenly when there are very many. */
  curve: EvalPoint[]
  /** Loss parts at the last logged point. */
  losses: Record<string, number>
}

/** A long pass that is no training step: an evaluation, or the answers of the teachers on all training samples. */
export type BusyWork = 'evaluate' | 'teacher outputs'

/** How a training ended: through, or as it stood when the signal came. */
export interface TrainResult {
  readonly state: TrainState
  readonly finished: boolean
  /** The plan that ran last; its `deploy` has the weights that the training ended with. */
  readonly plan: Plan
}

/** A long pass goes on: a sign of life, and a chance to stop. */
export interface BusyEvent {
  readonly type: 'busy'
  readonly stage: string
  readonly work: BusyWork
  readonly done: number
  readonly total: number
}

export type TrainEvent =
  | { readonly type: 'stage'; readonly stage: string; readonly steps: number; readonly compiled: boolean }
  /** At the first and last step of a stage and about twice a second between. */
  | {
      readonly type: 'step'
      readonly stage: string
      readonly index: number
      readonly step: number
      readonly steps: number
      /** Epochs done of the whole plan, and of how many. */
      readonly epoch: number
      readonly epochs: number
      readonly loss: number
      readonly imagesPerSecond: number
      readonly secondsLeft: number
    }
  | { readonly type: 'metrics'; readonly points: MetricPoint[] }
  | ({ readonly type: 'eval' } & EvalPoint)
  | BusyEvent
  /** State and variables are those between two steps; read them before asking for the next event. */
  | {
      readonly type: 'checkpoint'
      readonly stage: string
      /** Steps done of the named stage. */
      readonly step: number
      readonly state: TrainState
      readonly variables: ReadonlyMap<string, Variable>
    }

/** The state of a run that has not begun, after `metricSeq` points of earlier runs. */
export function initialState(metricSeq: number): TrainState {
  return {
    stage: 0,
    step: 0,
    metricSeq,
    evaluatedAt: 0,
    sums: [],
    summed: 0,
    best: null,
    stale: 0,
    decisions: [],
    curve: [],
    losses: {},
  }
}
