// How many steps each stage of a plan runs: shares of the whole that add up to it exactly.
import type { Plan } from '../contracts/method.ts'

export interface StageSpan {
  /** First step of the stage, counted over the plan. */
  readonly start: number
  readonly steps: number
}

export function stageSpans({ stages }: Plan, steps: number): StageSpan[] {
  let share = 0
  return stages.map((stage) => {
    const start = Math.round(share * steps)
    share += stage.share
    return { start, steps: Math.round(Math.min(share, 1) * steps) - start }
  })
}
