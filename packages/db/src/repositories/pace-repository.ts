// How long jobs take: learned from each that succeeds at its first attempt, used to say when those that wait will start.
import type { Connection } from '../connection.ts'
import { SLOT_WEIGHT } from './team-usage.ts'

/** The newest of so many weigh about half: machines and data change. */
const MEMORY = 5

export function createPaceRepository(db: Connection) {
  return {
    /** Learns from a job that has just succeeded, if it took one attempt. */
    async learn(jobId: string): Promise<void> {
      await db.$executeRaw`
        WITH run AS (
          SELECT extract(epoch FROM ended_at - job_attempt.started_at)::float8 AS seconds, ${SLOT_WEIGHT} AS weight,
            count(*) OVER () AS attempts, job.pace_key, job.training_units
          FROM job_attempt JOIN job ON job.id = job_id WHERE job_id = ${jobId}::uuid AND job_attempt.started_at IS NOT NULL
        )
        INSERT INTO job_pace (key, seconds)
        SELECT key, value FROM run CROSS JOIN LATERAL (
          VALUES (run.pace_key, run.seconds / run.training_units), ('', run.seconds * run.weight)
        ) AS learned(key, value) WHERE run.attempts = 1 AND run.pace_key <> '' ORDER BY key
        ON CONFLICT (key) DO UPDATE SET samples = job_pace.samples + 1, updated_at = clock_timestamp(),
          seconds = job_pace.seconds + (excluded.seconds - job_pace.seconds) / least(job_pace.samples + 1, ${MEMORY}::int)`
    },

    /** What a job uses on average, in weighted slot-seconds; null before the first has finished. */
    async meanCharge(): Promise<number | null> {
      return (await db.jobPace.findUnique({ where: { key: '' }, select: { seconds: true } }))?.seconds ?? null
    },
  }
}
