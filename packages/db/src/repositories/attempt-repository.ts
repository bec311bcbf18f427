// Attempts at jobs: who ran each and how it ended. Lets a worker repeat its last word without harm.
import type { JobState } from '@stillhouse/spec'
import type { Connection } from '../connection.ts'
import type { AttemptKey } from './job-repository.ts'
import { chargeMonths, chargeTeams } from './team-usage.ts'

export interface AttemptEnd {
  readonly ending: 'succeeded' | 'failed' | 'cancelled' | 'handed-back' | 'preempted' | 'unclaimed'
  readonly code?: string
  /** sha256 of the worker's report that ended it, if it was the worker that did. */
  readonly outcomeHash?: string
  readonly nextState: JobState
}

export function createAttemptRepository(db: Connection) {
  return {
    async open(keys: readonly (AttemptKey & { gpus: number })[]): Promise<void> {
      await db.$executeRaw`INSERT INTO job_attempt (job_id, attempt, gpus)
        SELECT "jobId", attempt, gpus
        FROM json_to_recordset(${JSON.stringify(keys)}::json) AS key("jobId" uuid, attempt int, gpus int)`
    },

    async start(key: AttemptKey, workerId: string): Promise<void> {
      await db.$executeRaw`UPDATE job_attempt SET worker_id = ${workerId}::uuid, started_at = clock_timestamp()
        WHERE job_id = ${key.jobId}::uuid AND attempt = ${key.attempt}::int`
    },

    /** Ends those of the attempts that are still open, and charges their teams for the time that they ran. */
    async end(keys: readonly AttemptKey[], { ending, code, outcomeHash, nextState }: AttemptEnd): Promise<void> {
      const ended = await db.$queryRaw<
        (AttemptKey & { startedAt: Date | null })[]
      >`UPDATE job_attempt SET ended_at = clock_timestamp(), ending = ${ending},
          code = ${code ?? null}, outcome_hash = ${outcomeHash ?? null}, next_state = ${nextState}::job_state
        FROM json_to_recordset(${JSON.stringify(keys)}::json) AS key("jobId" uuid, attempt int)
        WHERE job_id = key."jobId" AND job_attempt.attempt = key.attempt AND ended_at IS NULL
        RETURNING job_id AS "jobId", job_attempt.attempt, started_at AS "startedAt"`
      const ran = ended.filter(({ startedAt }) => startedAt !== null)
      if (ran.length === 0) return
      await db.$executeRaw(chargeTeams(ran))
      await db.$executeRaw(chargeMonths(ran))
    },

    async find({ jobId, attempt }: AttemptKey) {
      return db.jobAttempt.findUnique({ where: { jobId_attempt: { jobId, attempt } } })
    },
  }
}
