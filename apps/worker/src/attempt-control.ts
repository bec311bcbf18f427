// The strings by which an attempt is held from outside: the heartbeat's orders, the drain and the watchdog pull them,
// whatever the attempt is doing at that moment.
import type { AttemptRef } from './worker-api.ts'

/** Why an attempt is to end early, in good order: with a last checkpoint and a word to the API. */
export type StopReason = 'cancel' | 'hand-back' | 'timeout'

const SHUTTING_DOWN = 'the worker is shutting down'

export interface AttemptControl {
  readonly ref: AttemptRef
  /** Aborted at the first `stop`. */
  readonly stopping: AbortSignal
  /** Aborted when the attempt is no longer ours: end it at once, report nothing. */
  readonly abandoned: AbortSignal
  stopReason(): StopReason | null
  /** Why it is to end, in words. */
  stopWords(): string
  /** @param words why; default: the worker is shutting down */
  stop(reason: StopReason, words?: string): void
  abandon(why: string): void
  /** Moment (performance.now) until which the lease holds. */
  leaseUntil(): number
  renewLease(until: number): void
}

/** Thrown by whatever an abandoned attempt was doing. */
export class AbandonedError extends Error {
  constructor(why: string) {
    super(why)
    this.name = 'AbandonedError'
  }
}

export function createAttemptControl(ref: AttemptRef, leaseUntil: number): AttemptControl {
  const stopping = new AbortController()
  const abandoned = new AbortController()
  let until = leaseUntil
  let reason: StopReason | null = null
  let said = SHUTTING_DOWN
  return {
    ref,
    stopping: stopping.signal,
    abandoned: abandoned.signal,
    stopReason: () => reason,
    stopWords: () => said,
    stop: (why, words = SHUTTING_DOWN) => {
      if (reason === null) said = words
      // a cancel that comes while the worker drains still is a cancel
      if (reason === null || why === 'cancel') reason = why
      stopping.abort()
    },
    abandon: (why) => abandoned.abort(new AbandonedError(why)),
    leaseUntil: () => until,
    renewLease: (later) => {
      until = later
    },
  }
}
