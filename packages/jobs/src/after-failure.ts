// What becomes of a job whose attempt failed: another attempt while the policy and the budget allow, else the end.
import type { JobRow } from '@stillhouse/db'
import { FAILURES, type FailureCode, mayRetry } from '@stillhouse/spec'
import type { StateChange } from './change-state.ts'

export interface AttemptFailure {
  readonly code: FailureCode
  readonly message: string
}

type Consequence = Pick<StateChange, 'move' | 'reason' | 'failure'>

export function afterFailure(
  job: Pick<JobRow, 'failures' | 'attempt' | 'cancelRequested' | 'spec'>,
  { code, message }: AttemptFailure,
): Consequence {
  const failure = { code, message, hint: FAILURES[code].hint }
  if (job.cancelRequested)
    return { move: { to: 'cancelled' }, reason: `cancelled; attempt ${job.attempt} had failed meanwhile`, failure }
  const failures = job.failures + 1
  const budget = job.spec.resources.attempts
  if (!mayRetry(code, failures, budget)) return { move: { to: 'failed', failure } }
  return {
    move: { to: 'queued', why: 'failed' },
    reason: `attempt ${job.attempt} failed (failure ${failures} of at most ${budget}); it is tried again`,
    failure,
  }
}
