// What becomes of a job whose attempt failed: another attempt after a while, as policy and budget allow, else the end. A job
// under which workers are lost again and again is given up before its budget is.
import type { FailedAttempt, JobRow, Tables } from '@stillhouse/db'
import { FAILURES, type FailureCode, type JobFailure, mayRetry } from '@stillhouse/spec'
import type { StateChange } from './change-state.ts'
import type { JobContext, JobSettings } from './job-context.ts'

export interface AttemptFailure {
  readonly code: FailureCode
  readonly message: string
  /** Name of the worker that was lost with the attempt, if one was. */
  readonly lostWorker?: string
}

export interface FailedJob {
  readonly job: Pick<JobRow, 'id' | 'failures' | 'losses' | 'attempt' | 'cancelRequested' | 'spec'>
  readonly failure: AttemptFailure
}

type Consequence = Pick<StateChange, 'move' | 'reason' | 'failure'>

/** No job waits longer for its next attempt, seconds. */
const LONGEST_WAIT_SECONDS = 300
/** Jobs that failed together shall not all come back together. */
const JITTER = 0.25

/** Looks up what happened to the job before, and decides. */
export async function afterFailure(context: JobContext, tx: Tables, failed: FailedJob): Promise<Consequence> {
  const earlier = await tx.attempts.failuresOf(failed.job.id)
  return consequenceOfFailure(failed, { earlier, settings: context.settings })
}

export interface Circumstances {
  /** Attempts that failed before this one. */
  readonly earlier: readonly FailedAttempt[]
  readonly settings: Pick<JobSettings, 'retryBaseSeconds' | 'poisonLosses'>
  /** Default Math.random. */
  readonly random?: () => number
}

export function consequenceOfFailure({ job, failure }: FailedJob, circumstances: Circumstances): Consequence {
  const { earlier, settings } = circumstances
  const told = tell(failure)
  if (job.cancelRequested)
    return {
      move: { to: 'cancelled' },
      reason: `cancelled; attempt ${job.attempt} had failed meanwhile`,
      failure: told,
    }
  const lost = failure.lostWorker === undefined ? {} : { lost: true }
  if (isPoison({ job, failure }, settings))
    return { move: { to: 'failed', failure: poison({ job, failure }, earlier), ...lost } }
  const failures = job.failures + 1
  const budget = job.spec.resources.attempts
  if (!mayRetry(failure.code, { failures, budget, before: earlier.map(({ code }) => code) }))
    return { move: { to: 'failed', failure: told, ...lost } }
  const retryInSeconds = waitAfter(failures, circumstances)
  return {
    move: { to: 'queued', why: 'failed', retryInSeconds, ...lost },
    reason: `attempt ${job.attempt} failed (failure ${failures} of at most ${budget}); it is tried again${pause(retryInSeconds)}`,
    failure: told,
  }
}

function tell({ code, message }: AttemptFailure): JobFailure {
  return { code, message, hint: FAILURES[code].hint }
}

function isPoison({ job, failure }: FailedJob, { poisonLosses }: Circumstances['settings']): boolean {
  return failure.lostWorker !== undefined && job.losses + 1 >= poisonLosses
}

function poison({ job, failure }: FailedJob, earlier: readonly FailedAttempt[]): JobFailure {
  const before = earlier
    .filter(({ code }) => code === 'worker.lost')
    .map(({ worker }) => worker ?? 'one forgotten since')
  const names = [...before, failure.lostWorker].join(', ')
  const message = `${job.losses + 1} workers were lost while they ran it: ${names}. ${failure.message}`
  return tell({ code: 'job.poison', message })
}

/** Twice as long after every failure, and a little more or less. */
function waitAfter(failures: number, { settings, random = Math.random }: Circumstances): number {
  const wait = settings.retryBaseSeconds * 2 ** (failures - 1) * (1 + JITTER * (2 * random() - 1))
  return Math.min(LONGEST_WAIT_SECONDS, wait)
}

function pause(seconds: number): string {
  return seconds > 0 ? ` in ${Math.max(1, Math.round(seconds))} s` : ''
}
