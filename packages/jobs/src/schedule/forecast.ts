// When a job will start, from how far those that run are and how long jobs take.

export interface Forecast {
  /** Of each slot that the job may get: seconds until it is free. */
  readonly slots: readonly number[]
  /** Jobs ahead that want the same slots. */
  readonly ahead: number
  /** How long a job takes, seconds. */
  readonly jobSeconds: number
}

const PRECISION_SECONDS = 0.5

/** Seconds until the job starts, if each slot takes the next job as it becomes free; null without slots. */
export function startsIn({ slots, ahead, jobSeconds }: Forecast): number | null {
  if (slots.length === 0) return null
  const sorted = [...slots].sort((a, b) => a - b)
  const startedBy = (time: number): number =>
    sorted.reduce((count, free) => (time < free ? count : count + 1 + Math.floor((time - free) / jobSeconds)), 0)
  let early = sorted[0] as number
  if (startedBy(early) > ahead) return early
  // one slot alone would need so long for all of them
  let late = early + (ahead + 1) * jobSeconds
  while (late - early > PRECISION_SECONDS) {
    const middle = (early + late) / 2
    if (startedBy(middle) > ahead) late = middle
    else early = middle
  }
  return late
}
