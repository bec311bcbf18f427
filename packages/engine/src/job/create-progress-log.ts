// Progress of a whole job from the events of its trainings: which stage of how many, at most about twice a second.
import type { JobProgress } from '@stillhouse/spec'
import type { TrainEvent } from '../train/train-events.ts'
import type { JobEvent } from './job-event.ts'

/** Milliseconds between signs of life. */
const SIGN_EVERY = 500

export interface ProgressLog {
  /** Progress for an event of training, or null when it is too early for another. */
  ofTraining(event: Extract<TrainEvent, { type: 'step' | 'busy' }>): JobEvent | null
  /** Progress of a pass that belongs to no training: the final evaluation, the exports. */
  ofPass(stage: string, done: number, total: number): JobEvent | null
  /** Moves on to the stages after `count` more. */
  advance(count: number): void
  /** Counts stages that nobody could know of before: those of a plan that was decided on. */
  grow(count: number): void
}

/** @param stages of the whole job, as far as they are known */
export function createProgressLog(stages: number, now: () => number = () => performance.now()): ProgressLog {
  let stageCount = stages
  let first = 0
  let last: JobProgress | null = null
  let said = Number.NEGATIVE_INFINITY
  const say = (progress: JobProgress, always: boolean): JobEvent | null => {
    last = progress
    if (!always && now() - said < SIGN_EVERY) return null
    said = now()
    return { type: 'progress', progress }
  }
  const pass = (stage: string, done: number, total: number) =>
    say(
      { stage, stageIndex: Math.min(first, stageCount - 1), stageCount, step: done, steps: total, epoch: 0, epochs: 0 },
      done === total,
    )
  return {
    ofTraining: (event) => {
      if (event.type === 'step') return say(stepProgress(event, first + event.index, stageCount), true)
      // During an evaluation the bar stays where training left it; teacher outputs have a bar of their own.
      if (event.work === 'evaluate') return last?.stage === event.stage ? say(last, false) : null
      return pass(`${event.stage}: ${event.work}`, event.done, event.total)
    },
    ofPass: pass,
    advance: (count) => {
      first += count
    },
    grow: (count) => {
      stageCount += count
    },
  }
}

function stepProgress(
  event: Extract<TrainEvent, { type: 'step' }>,
  stageIndex: number,
  stageCount: number,
): JobProgress {
  const { stage, step, steps, epoch, epochs, loss, imagesPerSecond, secondsLeft } = event
  return {
    stage,
    stageIndex,
    stageCount,
    step,
    steps,
    epoch,
    epochs,
    ...(Number.isFinite(loss) ? { loss } : {}),
    ...(Number.isFinite(imagesPerSecond) ? { imagesPerSecond, secondsLeft } : {}),
  }
}
