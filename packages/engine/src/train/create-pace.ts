// How fast steps go. Only time spent in steps counts, so evaluations and checkpoints do not blur the rate.

/** Milliseconds between progress reports. */
const REPORT_EVERY = 500

export interface Pace {
  /** @returns when the step began, for `end` */
  start(): number
  end(start: number): void
  /** True about twice a second, and after the first step. */
  due(): boolean
  /** Mean seconds per step since the report before; starts a new window. */
  secondsPerStep(): number
}

export function createPace(now: () => number = () => performance.now()): Pace {
  let window = { steps: 0, ms: 0 }
  let last = 0
  let reported = Number.NEGATIVE_INFINITY
  return {
    start: now,
    end: (start) => {
      window.steps += 1
      window.ms += now() - start
    },
    due: () => now() - reported >= REPORT_EVERY,
    secondsPerStep: () => {
      reported = now()
      if (window.steps > 0) last = window.ms / window.steps / 1000
      window = { steps: 0, ms: 0 }
      return last
    },
  }
}
