// The one table of allowed job states and transitions. Everything that changes a state asks it first.

/** States of a job, in the order of its life. */
export const JOB_STATES = ['blocked', 'queued', 'dispatched', 'running', 'succeeded', 'failed', 'cancelled'] as const

export type JobState = (typeof JOB_STATES)[number]

/** Allowed transitions: from state → states that may follow. */
export const JOB_TRANSITIONS: Readonly<Record<JobState, readonly JobState[]>> = {
  // waits for other jobs; failed when they cannot become what it waits for
  blocked: ['queued', 'cancelled', 'failed'],
  queued: ['dispatched', 'cancelled', 'failed'],
  // back to queued when the hand-over is never claimed
  dispatched: ['running', 'queued', 'cancelled'],
  // back to queued on a lost lease, a drain or a retryable failure: always with the next attempt number
  running: ['succeeded', 'failed', 'cancelled', 'queued'],
  succeeded: [],
  // back only by a user's retry
  failed: ['queued', 'blocked'],
  cancelled: ['queued', 'blocked'],
}

/** True when a job in this state will not change by itself any more. */
export function isFinalState(state: JobState): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled'
}

/** True when the table allows `from → to`. */
export function canTransition(from: JobState, to: JobState): boolean {
  return JOB_TRANSITIONS[from].includes(to)
}

/** States from which the given state may be reached; used as the guard of compare-and-set updates. */
export function statesBefore(to: JobState): JobState[] {
  return JOB_STATES.filter((from) => canTransition(from, to))
}
