// Attempts at jobs: who ran each and how it ended. Lets a worker repeat its last word without harm.
import type { JobState } from '@stillhouse/spec'
import type { Connection } from '../connection.ts'
import type { AttemptKey } from './attempt-key.ts'
import { chargeMonths, chargeTeams } from './team-usage.ts'

export interface AttemptEnd {
  readonly ending: 'succeeded' | 'failed' | 'cancelled' | 'handed-back' | 'preempted' | 'unclaimed'
  readonly code?: string
  /** sha256 of the worker's report that ended it, if it was the worker that did. */
  readonly outcomeHash?: string
  readonly nextState: JobState
}

export interface FailedAttempt {
  readonly code: string
  /** Name of its worker; null when that is forgotten. */
  readonly worker: string | null
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

    /** The job's failed attempts since it was submitted or a user retried it, first to last. */
    async failuresOf(jobId: string): Promise<FailedAttempt[]> {
      return db.$queryRaw<FailedAttempt[]>`
        SELECT code, worker.name AS worker FROM job_attempt JOIN job ON job.id = job_attempt.job_id
        LEFT JOIN worker ON worker.id = job_attempt.worker_id
        WHERE job_attempt.job_id = ${jobId}::uuid AND ending = 'failed' AND dispatched_at >= job.queued_at
        ORDER BY job_attempt.attempt`
    },

    /**
     * Names of the workers that were lost while they ran these jobs, since each was submitted or a user retried it. Jobs
     * that lost none, and workers that are forgotten, are not in the answer.
     */
    async lostOn(jobIds: readonly string[]): Promise<Map<string, string[]>> {
      if (jobIds.length === 0) return new Map()
      const rows = await db.$queryRaw<{ jobId: string; names: string[] }[]>`
        SELECT job.id AS "jobId", array_agg(DISTINCT worker.name) AS names
        FROM job JOIN job_attempt ON job_attempt.job_id = job.id JOIN worker ON worker.id = job_attempt.worker_id
        WHERE job.id = ANY(${jobIds}::uuid[]) AND job.losses > 0 AND code = 'worker.lost'
          AND dispatched_at >= job.queued_at
        GROUP BY job.id`
      return new Map(rows.map(({ jobId, names }) => [jobId, names]))
    },

    /**
     * The jobs that failed on the worker with one of these codes, one after the other: since it last did what it should,
     * and since it was last suspected.
     */
    async failedInARow(workerId: string, codes: readonly string[]): Promise<string[]> {
      const rows = await db.$queryRaw<{ jobId: string }[]>`
        SELECT DISTINCT job_id AS "jobId" FROM job_attempt
        WHERE worker_id = ${workerId}::uuid AND ending = 'failed' AND code = ANY(${codes}::text[])
          AND ended_at > greatest('-infinity', (
            SELECT max(ended_at) FROM job_attempt WHERE worker_id = ${workerId}::uuid
              AND (ending = 'succeeded' OR ending = 'failed' AND code <> ALL(${codes}::text[]))
          ), (SELECT max(at) FROM mend WHERE kind = 'worker.suspect' AND target = ${workerId}))`
      return rows.map((row) => row.jobId)
    },

    async find({ jobId, attempt }: AttemptKey) {
      return db.jobAttempt.findUnique({ where: { jobId_attempt: { jobId, attempt } } })
    },
  }
}
