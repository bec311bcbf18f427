// What a change of state does to the other columns of a job. One case per way to enter a state.
import type { JobFailure, JobResult } from '@stillhouse/spec'
import { Prisma } from '../generated/client.ts'

/** Which worker a job is given to. */
export interface JobSeat {
  readonly jobId: string
  readonly workerId: string
  /** Those that the worker's slot brings. */
  readonly gpus: number
}

export type JobMove =
  | { readonly to: 'dispatched'; readonly seats: readonly JobSeat[] }
  | { readonly to: 'running'; readonly workerId: string; readonly leaseSeconds: number }
  /** `again`: the attempt does not count; `failed`: it counts against the budget; `afresh`: a user asks for a retry. */
  | { readonly to: 'queued'; readonly why: 'again' | 'failed' | 'afresh' }
  | { readonly to: 'succeeded'; readonly verdict: 'passed' | 'failed'; readonly result: JobResult }
  | { readonly to: 'failed'; readonly failure: JobFailure }
  /** A user asks for a retry while a job that it waits for is not done. */
  | { readonly to: 'blocked' }
  | { readonly to: 'cancelled' }

const RELEASED = Prisma.sql`worker_id = NULL, lease_until = NULL, handed_over_at = NULL, stop_reason = NULL, reserved_on = NULL`
const FINISHED = Prisma.sql`${RELEASED}, finished_at = clock_timestamp(), cancel_requested = false`
const AFRESH = Prisma.sql`failures = 0, losses = 0, retry_at = NULL, verdict = NULL, result = NULL, failure = NULL, progress = NULL,
  queued_at = clock_timestamp(), started_at = NULL, finished_at = NULL, cancel_requested = false`

/** The assignments of an UPDATE that belong to the move, without `state` itself. */
export function assignmentsOf(move: JobMove): Prisma.Sql {
  switch (move.to) {
    case 'dispatched':
      return Prisma.sql`attempt = attempt + 1, handed_over_at = clock_timestamp(), worker_id = (
          SELECT "workerId" FROM json_to_recordset(${JSON.stringify(move.seats)}::json) AS seat("jobId" uuid, "workerId" uuid)
          WHERE "jobId" = job.id
        ), reserved_on = NULL, retry_at = NULL`
    case 'running':
      return Prisma.sql`worker_id = ${move.workerId}::uuid, lease_until = ${leaseEnd(move.leaseSeconds)},
        started_at = coalesce(started_at, clock_timestamp())`
    case 'queued':
      if (move.why === 'again') return RELEASED
      return move.why === 'afresh'
        ? Prisma.sql`${RELEASED}, ${AFRESH}`
        : Prisma.sql`${RELEASED}, failures = failures + 1`
    case 'blocked':
      return Prisma.sql`${RELEASED}, ${AFRESH}`
    case 'succeeded':
      return Prisma.sql`${FINISHED}, verdict = ${move.verdict}::verdict, result = ${JSON.stringify(move.result)}::json`
    case 'failed':
      return Prisma.sql`${FINISHED}, failures = failures + 1, failure = ${JSON.stringify(move.failure)}::json`
    case 'cancelled':
      return FINISHED
  }
}

/** SQL for the end of a lease that starts now. */
export function leaseEnd(seconds: number): Prisma.Sql {
  return Prisma.sql`clock_timestamp() + ${secondsSql(seconds)}`
}

/** SQL interval of so many seconds (fractions allowed). */
export function secondsSql(seconds: number): Prisma.Sql {
  return Prisma.sql`make_interval(secs => ${seconds}::float8)`
}
