// What a step gives to see.
import { lossPoints } from './loss-points.ts'
import type { RunningStage } from './running-stage.ts'
import type { TrainEvent } from './train-events.ts'

/** Log points at fixed steps, progress by the clock. */
export function* reportStep(running: RunningStage): Generator<TrainEvent> {
  const { training, span, pace } = running
  const { step } = training.state
  const last = step === span.steps
  if (last || step % Math.ceil(span.steps / (training.run.logPoints ?? 200)) === 0) yield logPoint(running)
  if (last || pace.due()) yield progress(running)
}

function logPoint({ training, name, span, open, log }: RunningStage): TrainEvent {
  const { state, stepsPerEpoch } = training
  state.losses = log.take()
  const step = span.start + state.step
  const rates = open.rates(step - 0.5)
  const epoch = step / stepsPerEpoch
  return { type: 'metrics', points: lossPoints(state, { stage: name, step: state.step, epoch, rates }) }
}

function progress({ training, name, span, log, pace }: RunningStage): TrainEvent {
  const { state, run, stepsPerEpoch, epochs } = training
  log.flush()
  const seconds = pace.secondsPerStep()
  return {
    type: 'step',
    stage: name,
    index: state.stage,
    step: state.step,
    steps: span.steps,
    epoch: (span.start + state.step) / stepsPerEpoch,
    epochs,
    loss: log.latest,
    imagesPerSecond: run.train.batchSize / seconds,
    secondsLeft: (span.steps - state.step) * seconds,
  }
}
