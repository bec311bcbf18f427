// Numbers for dashboards and alarms, read for whole teams at a time. What has happened is only ever read in windows: the
// caller keeps the sum of what is settled, so that a look costs no more after a million attempts than after a hundred.
import type { JobState } from '@stillhouse/spec'
import type { Connection } from '../connection.ts'
import { Prisma } from '../generated/client.ts'
import type { AttemptEnd } from './attempt-repository.ts'
import { waitedSince } from './waited-since.ts'

/** Queued jobs of a team that ask the same of a worker. */
export interface WaitingGroup {
  readonly teamId: string
  readonly team: string
  readonly needs: string
  readonly jobs: number
  /** Of the one that has waited longest, seconds. */
  readonly oldestSeconds: number
}

/** Jobs that wait, but not for a slot. */
export interface HeldGroup {
  readonly team: string
  readonly state: 'blocked' | 'dispatched'
  readonly jobs: number
}

/** What one team trains now. */
export interface TrainingGroup {
  readonly team: string
  readonly jobs: number
  /** Of all its jobs together, as last reported. */
  readonly imagesPerSecond: number
  /** Mean over its jobs that train; null when none has said how fast it is. */
  readonly stepSeconds: number | null
}

/** Seconds that a team's attempts have held slots, and GPUs. */
export interface Usage {
  readonly slotSeconds: number
  readonly gpuSeconds: number
}

export interface EndedGroup extends Usage {
  readonly team: string
  readonly ending: AttemptEnd['ending']
  /** Failure code, if it failed. */
  readonly code: string | null
  readonly attempts: number
  /** It does not change any more. */
  readonly settled: boolean
}

export interface StartedGroup {
  readonly team: string
  /** What the attempt waited for. */
  readonly until: 'dispatch' | 'start'
  /** How many of the bounds the wait exceeds. */
  readonly bucket: number
  readonly attempts: number
  readonly seconds: number
  readonly settled: boolean
}

/** What happened after `since`; what happened until `settled` is marked as settled. */
export interface Window {
  readonly since: Date
  readonly settled: Date
  /** What was used before does not count. */
  readonly origin: Date
}

/** SQL for the seconds from `from` to `to`, as far as they are after `origin`. */
function secondsOf(from: Prisma.Sql, to: Prisma.Sql, origin: Date): Prisma.Sql {
  return Prisma.sql`greatest(0, extract(epoch FROM ${to} - greatest(${from}, ${origin.toISOString()}::timestamptz)))`
}

export function createStatsRepository(db: Connection) {
  return {
    /**
     * The clock of the database, and a moment before which nothing changes any more: a transaction under way writes times
     * that others see only when it ends, and none takes nearly so long.
     */
    async clock(): Promise<{ now: Date; settled: Date }> {
      const rows = await db.$queryRaw<{ now: Date; settled: Date }[]>`
        SELECT now, now - interval '60 seconds' AS settled
        FROM (SELECT date_trunc('milliseconds', clock_timestamp()) AS now) AS clock`
      return rows[0] ?? { now: new Date(), settled: new Date(0) }
    },

    /** Jobs that are not finished. */
    async unfinished(): Promise<{ state: JobState; count: number }[]> {
      return db.$queryRaw`SELECT state::text, count(*)::int FROM job
        WHERE state IN ('blocked', 'queued', 'dispatched', 'running') GROUP BY state`
    },

    /** Jobs that are finished: all there ever were, so this takes longer with every job. */
    async finished(): Promise<{ state: JobState; count: number }[]> {
      return db.$queryRaw`SELECT state::text, count(*)::int FROM job
        WHERE state IN ('succeeded', 'failed', 'cancelled') GROUP BY state`
    },

    /** Jobs that wait for other jobs, or for the worker that they were given to. */
    async held(): Promise<HeldGroup[]> {
      return db.$queryRaw<HeldGroup[]>`
        SELECT team.name AS team, held.state::text, jobs FROM (
          SELECT team_id, state, count(*)::int AS jobs FROM job WHERE state IN ('blocked', 'dispatched')
          GROUP BY team_id, state
        ) AS held JOIN team ON team.id = held.team_id ORDER BY team.name, held.state`
    },

    /** Queued jobs, by team and needs. */
    async waiting(): Promise<WaitingGroup[]> {
      return db.$queryRaw<WaitingGroup[]>`
        SELECT team.id AS "teamId", team.name AS team, needs, jobs,
          greatest(0, extract(epoch FROM clock_timestamp() - oldest))::float8 AS "oldestSeconds"
        FROM (
          SELECT team_id, needs, count(*)::int AS jobs, min(queued_at) AS oldest
          FROM job WHERE state = 'queued' GROUP BY team_id, needs
        ) AS waiting JOIN team ON team.id = waiting.team_id ORDER BY team.name, needs`
    },

    /** Of teams that train now; from what their jobs reported last. */
    async training(): Promise<TrainingGroup[]> {
      return db.$queryRaw<TrainingGroup[]>`
        SELECT team.name AS team, count(*)::int AS jobs,
          coalesce(sum((progress->>'imagesPerSecond')::float8), 0) AS "imagesPerSecond",
          avg((progress->>'secondsLeft')::float8 / nullif((progress->>'steps')::float8 - (progress->>'step')::float8, 0))
            AS "stepSeconds"
        FROM job JOIN team ON team.id = job.team_id WHERE state = 'running' GROUP BY team.name ORDER BY team.name`
    },

    /** What attempts that run have used up to now, since `origin`. */
    async runningUsage(origin: Date): Promise<(Usage & { team: string })[]> {
      return db.$queryRaw`
        SELECT team.name AS team, sum(seconds)::float8 AS "slotSeconds", sum(seconds * gpus)::float8 AS "gpuSeconds"
        FROM (
          SELECT job.team_id, job_attempt.gpus, ${secondsOf(Prisma.sql`job_attempt.started_at`, Prisma.sql`clock_timestamp()`, origin)} AS seconds
          FROM job JOIN job_attempt ON job_attempt.job_id = job.id AND job_attempt.attempt = job.attempt
          WHERE job.state = 'running' AND job_attempt.started_at IS NOT NULL
        ) AS running JOIN team ON team.id = running.team_id GROUP BY team.name`
    },

    /** Attempts that ended. */
    async ended({ since, settled, origin }: Window): Promise<EndedGroup[]> {
      const seconds = secondsOf(Prisma.sql`ended.started_at`, Prisma.sql`ended.ended_at`, origin)
      return db.$queryRaw<EndedGroup[]>`
        SELECT team.name AS team, ending, code, settled, attempts, "slotSeconds", "gpuSeconds" FROM (
          SELECT job.team_id, ending, code, ended_at <= ${settled.toISOString()}::timestamptz AS settled, count(*)::int AS attempts,
            coalesce(sum(${seconds}), 0)::float8 AS "slotSeconds",
            coalesce(sum(${seconds} * ended.gpus), 0)::float8 AS "gpuSeconds"
          FROM job_attempt AS ended JOIN job ON job.id = ended.job_id
          WHERE ended_at > ${since.toISOString()}::timestamptz GROUP BY job.team_id, ending, code, settled
        ) AS groups JOIN team ON team.id = groups.team_id`
    },

    /**
     * How long attempts that started had waited.
     * @param bounds ascending, seconds
     */
    async started({ since, settled }: Window, bounds: readonly number[]): Promise<StartedGroup[]> {
      return db.$queryRaw<StartedGroup[]>`
        SELECT team.name AS team, until, bucket, settled, attempts, seconds FROM (
          SELECT team_id, until, settled, width_bucket(waited - 0.0001, ${[...bounds]}::float8[]) AS bucket,
            count(*)::int AS attempts, sum(waited)::float8 AS seconds
          FROM (
            SELECT job.team_id, wait.until, started.started_at <= ${settled.toISOString()}::timestamptz AS settled,
              greatest(0, extract(epoch FROM wait.ended - ${waitedSince('started')}))::float8 AS waited
            FROM job_attempt AS started JOIN job ON job.id = started.job_id
            LEFT JOIN job_attempt AS before ON before.job_id = started.job_id AND before.attempt = started.attempt - 1
            CROSS JOIN LATERAL (VALUES ('dispatch', started.dispatched_at), ('start', started.started_at))
              AS wait(until, ended)
            WHERE started.started_at > ${since.toISOString()}::timestamptz
          ) AS waits GROUP BY team_id, until, settled, bucket
        ) AS groups JOIN team ON team.id = groups.team_id`
    },
  }
}
