// An evaluation in the middle of training: its metrics become an event, numbered points, and perhaps the best so far.
import type { Stage } from '../contracts/method.ts'
import { TrainingError } from '../contracts/training-error.ts'
import { busy } from './busy.ts'
import { numberPoints } from './loss-points.ts'
import type { EvalPoint, TrainEvent, TrainState } from './train-events.ts'
import type { TrainRun } from './train-run.ts'

/** Evaluations that a state holds. */
const CURVE = 400

export interface EvaluateStage {
  readonly stage: Stage
  readonly name: string
  /** Steps of the plan done. */
  readonly planStep: number
  readonly epoch: number
}

/** Evaluates the stage's networks. When the signal ends it, nothing is marked as done and a resume does it again. */
export async function* evaluateStage(
  run: TrainRun,
  state: TrainState,
  place: EvaluateStage,
): AsyncGenerator<TrainEvent> {
  const { deploy } = run.plan
  const networks = new Set([...(place.stage.evaluate ?? []), deploy])
  const metrics: Record<string, number> = {}
  for (const network of networks) {
    const measured = yield* busy({ stage: place.name, work: 'evaluate' }, run.evaluation.evaluate(network))
    if (measured === null) return
    for (const [name, value] of Object.entries(measured))
      metrics[network === deploy ? name : `${network.role}.${name}`] = value
  }
  requireFinite(metrics, place.name, state.step)
  const point: EvalPoint = { stage: place.name, step: state.step, epoch: place.epoch, metrics }
  remember(state, point, place.planStep)
  yield { type: 'metrics', points: numberPoints(state, pointPlace(point), Object.entries(metrics)) }
  yield { type: 'eval', ...point }
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

function remember(state: TrainState, point: EvalPoint, planStep: number): void {
  state.evaluatedAt = planStep
  state.curve.push(point)
  if (state.curve.length > CURVE) state.curve = state.curve.filter((_, i) => i % 2 === 1)
  const best = state.best?.metrics['accuracy'] ?? Number.NEGATIVE_INFINITY
  if ((point.metrics['accuracy'] ?? best) > best) state.best = point
}
