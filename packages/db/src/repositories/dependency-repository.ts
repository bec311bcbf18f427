// Which jobs wait for which, and how that stands. The edges of a job are written with it and never change, so they can be
// read without a lock; what they come to is decided with the waiting job locked.
import type { DependencySpec, JobState } from '@stillhouse/spec'
import type { Connection } from '../connection.ts'
import { Prisma } from '../generated/client.ts'

/** `job` is the one that is waited for. */
export type Dependency = Readonly<DependencySpec>

/** How a dependency stands: met; still open; failed for good; or ended otherwise, but somebody may retry it. */
export type DependencyStanding = 'met' | 'open' | 'failed' | 'stuck'

export interface StandingDependency extends Dependency {
  readonly standing: DependencyStanding
  /** Of the job that is waited for. */
  readonly name: string
  readonly state: JobState
}

/** A job that was asked for, by id. */
export interface Waits {
  readonly jobId: string
  readonly needs: readonly StandingDependency[]
}

// a job that succeeded never runs again, so a verdict that it missed stays missed
const STANDING = Prisma.sql`CASE
  WHEN other.state NOT IN ('succeeded', 'failed', 'cancelled') THEN 'open'
  WHEN need.condition = 'finished' THEN 'met'
  WHEN other.state = 'succeeded' AND (need.condition = 'succeeded' OR other.verdict = 'passed') THEN 'met'
  WHEN other.state = 'succeeded' OR need.otherwise = 'fail' THEN 'failed'
  ELSE 'stuck' END`

const FIELDS = Prisma.sql`other.id AS job, need.condition, need.otherwise, other.name, other.state::text, ${STANDING} AS standing`

export function createDependencyRepository(db: Connection) {
  return {
    /** Of these jobs those of the team that there are, as they stand now, in the order of the list. */
    async look(teamId: string, needs: readonly Dependency[]): Promise<StandingDependency[]> {
      return db.$queryRaw<StandingDependency[]>`
        SELECT ${FIELDS} FROM json_array_elements(${JSON.stringify(needs)}::json) WITH ORDINALITY AS list(item, place)
        CROSS JOIN LATERAL json_to_record(item) AS need(job uuid, condition text, otherwise text)
        JOIN job AS other ON other.id = need.job AND other.team_id = ${teamId}::uuid
        ORDER BY place`
    },

    /**
     * Keeps these jobs of the team as they are until the end of the transaction: none can end in between unnoticed. They
     * are locked before what depends on them, and before the team, as everywhere.
     */
    async hold(teamId: string, ids: readonly string[]): Promise<void> {
      if (ids.length === 0) return
      await db.$executeRaw`SELECT 1 FROM job WHERE id = ANY(${ids}::uuid[]) AND team_id = ${teamId}::uuid
        ORDER BY id FOR SHARE`
    },

    /** Writes what the job waits for. */
    async insert(jobId: string, needs: readonly Dependency[]): Promise<void> {
      if (needs.length === 0) return
      await db.$executeRaw`
        INSERT INTO job_dependency (job_id, depends_on, condition, otherwise)
        SELECT ${jobId}::uuid, job, condition, otherwise
        FROM json_to_recordset(${JSON.stringify(needs)}::json) AS need(job uuid, condition text, otherwise text)
        ON CONFLICT DO NOTHING`
    },

    /** Ids of what the job waits for. */
    async of(jobId: string): Promise<string[]> {
      const rows = await db.$queryRaw<{ id: string }[]>`
        SELECT depends_on AS id FROM job_dependency WHERE job_id = ${jobId}::uuid ORDER BY depends_on`
      return rows.map((row) => row.id)
    },

    /** What these jobs wait for, oldest first; a job that waits for nothing is not in the answer. */
    async standings(jobIds: readonly string[]): Promise<Waits[]> {
      if (jobIds.length === 0) return []
      const rows = await db.$queryRaw<(StandingDependency & { jobId: string })[]>`
        SELECT need.job_id AS "jobId", ${FIELDS} FROM job_dependency AS need JOIN job AS other ON other.id = need.depends_on
        WHERE need.job_id = ANY(${jobIds}::uuid[]) ORDER BY need.job_id, other.id`
      const waits = new Map<string, StandingDependency[]>()
      for (const { jobId, ...need } of rows) waits.set(jobId, [...(waits.get(jobId) ?? []), need])
      return [...waits].map(([jobId, needs]) => ({ jobId, needs }))
    },

    /** The blocked jobs that wait for any of these, locked. */
    async lockWaitingFor(ids: readonly string[]): Promise<string[]> {
      const rows = await db.$queryRaw<{ id: string }[]>`
        SELECT id FROM job WHERE state = 'blocked'
          AND id IN (SELECT job_id FROM job_dependency WHERE depends_on = ANY(${ids}::uuid[]))
        ORDER BY id FOR NO KEY UPDATE`
      return rows.map((row) => row.id)
    },

    /** Blocked jobs that nothing holds back any more, or that never can be met; locked, those held elsewhere left out. */
    async lockDecided(limit: number): Promise<string[]> {
      const rows = await db.$queryRaw<{ id: string }[]>`
        SELECT id FROM job WHERE state = 'blocked' AND (
          SELECT coalesce(bool_or(${STANDING} = 'failed') OR bool_and(${STANDING} = 'met'), true)
          FROM job_dependency AS need JOIN job AS other ON other.id = need.depends_on WHERE need.job_id = job.id
        ) ORDER BY id LIMIT ${limit}::int FOR NO KEY UPDATE SKIP LOCKED`
      return rows.map((row) => row.id)
    },
  }
}
