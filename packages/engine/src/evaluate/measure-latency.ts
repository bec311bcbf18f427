// How long one sample takes, with its answer read back: without that a device would only have been told to begin.
import { setImmediate } from 'node:timers/promises'

export interface Latency {
  readonly p50Ms: number
  readonly p95Ms: number
}

export interface MeasureLatency {
  /** Runs one sample and reads the answer back. */
  readonly once: () => Promise<void> | void
  readonly runs: number
  readonly signal: AbortSignal
}

const WARM_UP = 10
/** Runs between two looks at the rest of the process. */
const BREAK_EVERY = 20

/** Runs a few samples unmeasured, then `runs` measured ones. @returns null when the signal ended it */
export async function measureLatency(request: MeasureLatency): Promise<Latency | null> {
  const { once, runs, signal } = request
  for (let i = 0; i < WARM_UP; i++) await once()
  const times = new Float64Array(runs)
  for (let i = 0; i < runs; i++) {
    if (i % BREAK_EVERY === 0) await setImmediate()
    if (signal.aborted) return null
    const start = performance.now()
    await once()
    times[i] = performance.now() - start
  }
  times.sort()
  return { p50Ms: quantile(times, 0.5), p95Ms: quantile(times, 0.95) }
}

/** Nearest rank. */
function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}
