// How many steps each stage of a training runs: shares of the whole that add up to it exactly.
import type { Stage } from '../contracts/method.ts'

export interface StageSpan {
  /** First step of the stage, counted over the training. */
  readonly start: number
  readonly steps: number
}

/** @param stages of all plans so far, in order @param steps of the whole training */
export function stageSpans(stages: readonly Stage[], steps: number): StageSpan[] {
  let share = 0
  return stages.map((stage) => {
    const start = Math.round(share * steps)
    share += stage.share
    return { start, steps: Math.round(Math.min(share, 1) * steps) - start }
  })
}
