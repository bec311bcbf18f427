// An evaluation in the middle of training: its metrics become an event, numbered points, and perhaps the best so far.
import type { Stage } from '../contracts/method.ts'
import { TrainingError } from '../contracts/training-error.ts'
import { busy } from './busy.ts'
import { numberPoints } from './loss-points.ts'
import type { Training } from './running-stage.ts'
import type { EvalPoint, TrainEvent, TrainState } from './train-events.ts'
import type { TrainRun } from './train-run.ts'

/** Evaluations that a state holds. */
const CURVE = 400

export interface EvaluateStage {
  readonly name: string
  /** Steps of the plan done. */
  readonly planStep: number
  readonly epoch: number
}

/** Evaluates the stage's networks. When the signal ends it, nothing is marked as done and a resume does it again. */
export async function* evaluateStage(
  training: Training,
  stage: Stage,
  place: EvaluateStage,
): AsyncGenerator<TrainEvent> {
  const { state, kept } = training
  kept.swap()
  try {
    const metrics = yield* measure(training, stage, place.name)
    if (metrics === null) return
    requireFinite(metrics, place.name, state.step)
    const point: EvalPoint = { stage: place.name, step: state.step, epoch: place.epoch, metrics }
    if (remember(training, point, place.planStep)) kept.noteBest()
    yield { type: 'metrics', points: numberPoints(state, pointPlace(point), Object.entries(metrics)) }
    yield { type: 'eval', ...point }
  } finally {
    kept.swap()
  }
}

async function* measure(
  { run, plan: { deploy } }: Training,
  stage: Stage,
  name: string,
): AsyncGenerator<TrainEvent, Record<string, number> | null> {
  const metrics: Record<string, number> = {}
  for (const network of new Set([...(stage.evaluate ?? []), deploy])) {
    const measured = yield* busy({ stage: name, work: 'evaluate' }, run.evaluation.evaluate(network))
    if (measured === null) return null
    for (const [metric, value] of Object.entries(measured))
      metrics[network === deploy ? metric : `${network.role}.${metric}`] = value
  }
  return metrics
}

/** Whether the stage's evaluations have not become better for long enough. */
export function endsEarly({ train: { earlyStopping } }: TrainRun, state: TrainState): boolean {
  return earlyStopping !== undefined && state.stale >= earlyStopping.patience
}

/** A step may leave weights that are not finite behind a loss that still is. */
function requireFinite(metrics: Readonly<Record<string, number>>, stage: string, step: number): void {
  const wrong = Object.entries(metrics).find(([, value]) => !Number.isFinite(value))
  if (wrong === undefined) return
  throw new TrainingError(
    'training.diverged',
    `The evaluation "${wrong[0]}" of stage "${stage}" became ${wrong[1]} at step ${step}. Expected a finite number.`,
  )
}

function pointPlace({ stage, step, epoch }: EvalPoint) {
  return { stage, step, epoch }
}

/** @returns whether this evaluation is the best so far */
function remember({ state, run }: Training, point: EvalPoint, planStep: number): boolean {
  state.evaluatedAt = planStep
  state.curve.push(point)
  if (state.curve.length > CURVE) state.curve = state.curve.filter((_, i) => i % 2 === 1)
  const [score, best] = [scoreOf(point), scoreOf(state.best)]
  const better = score > best
  state.stale = score > best + (run.train.earlyStopping?.minDelta ?? 0) ? 0 : state.stale + 1
  if (better) state.best = point
  return better
}

/** What makes an evaluation the best: accuracy, on the hold-out where there is one. */
function scoreOf(point: EvalPoint | null): number {
  return point?.metrics['validation.accuracy'] ?? point?.metrics['accuracy'] ?? Number.NEGATIVE_INFINITY
}
