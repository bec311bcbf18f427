// Attempts at jobs: who ran each and how it ended. Lets a worker repeat its last word without harm.
import type { JobState } from '@stillhouse/spec'
import type { Connection } from '../connection.ts'
import type { AttemptKey } from './job-repository.ts'

export interface AttemptEnd {
  readonly ending: 'succeeded' | 'failed' | 'cancelled' | 'handed-back' | 'unclaimed'
  readonly code?: string
  /** sha256 of the worker's report that ended it, if it was the worker that did. */
  readonly outcomeHash?: string
  readonly nextState: JobState
}

export function createAttemptRepository(db: Connection) {
  return {
    async open(keys: readonly AttemptKey[]): Promise<void> {
      await db.$executeRaw`INSERT INTO job_attempt (job_id, attempt)
        SELECT "jobId", attempt FROM json_to_recordset(${JSON.stringify(keys)}::json) AS key("jobId" uuid, attempt int)`
    },

    async start(key: AttemptKey, workerId: string): Promise<void> {
      await db.$executeRaw`UPDATE job_attempt SET worker_id = ${workerId}::uuid, started_at = clock_timestamp()
        WHERE job_id = ${key.jobId}::uuid AND attempt = ${key.attempt}::int`
    },

    /** Ends those of the attempts that are still open. */
    async end(keys: readonly AttemptKey[], { ending, code, outcomeHash, nextState }: AttemptEnd): Promise<void> {
      await db.$executeRaw`UPDATE job_attempt SET ended_at = clock_timestamp(), ending = ${ending},
          code = ${code ?? null}, outcome_hash = ${outcomeHash ?? null}, next_state = ${nextState}::job_state
        FROM json_to_recordset(${JSON.stringify(keys)}::json) AS key("jobId" uuid, attempt int)
        WHERE job_id = key."jobId" AND job_attempt.attempt = key.attempt AND ended_at IS NULL`
    },

    async find({ jobId, attempt }: AttemptKey) {
      return db.jobAttempt.findUnique({ where: { jobId_attempt: { jobId, attempt } } })
    },
  }
}
