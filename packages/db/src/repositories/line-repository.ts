// The line of waiting jobs as the dispatcher and its observers read it. Each team has a line of its own, ordered by
// priority and age; who of the teams is due next is decided above (packages/jobs). Every query here costs a few steps in
// an index per team and kind of needs, however many jobs wait.
import type { Connection } from '../connection.ts'
import { Prisma } from '../generated/client.ts'
import { secondsSql } from './job-move.ts'

/** A job that may be handed out now. */
export interface Waiting {
  readonly id: string
  readonly teamId: string
  readonly needs: string
  readonly priority: number
  /** When it entered the queue, seconds since 1970. */
  readonly queuedAt: number
  /** Workers lost while they ran it. */
  readonly losses: number
  /** The worker where others were stopped to make room for it. */
  readonly reservedOn: string | null
  /** How long it will run, from the pace of jobs of its kind; null when none has finished. */
  readonly seconds: number | null
}

/** How many jobs of one kind wait their turn, and how many of them for longer than anybody shall. */
export interface WaitingKind {
  readonly teamId: string
  readonly needs: string
  readonly priority: number
  readonly jobs: number
  readonly overdue: number
}

/** A job in a slot. */
export interface Held {
  readonly id: string
  readonly teamId: string
  readonly workerId: string
  readonly needs: string
  readonly priority: number
  readonly preemptible: boolean
  readonly state: 'running' | 'dispatched'
  readonly stopReason: string | null
  /** Since the attempt started, seconds; 0 before. */
  readonly ranSeconds: number
  /** Of the whole job, 0..1, by stages and steps. */
  readonly done: number
  /** Of the present stage, from measured step times. */
  readonly stageSecondsLeft: number | null
  /** How long the whole job takes, from the pace of jobs of its kind. */
  readonly seconds: number | null
}

/** Jobs of a team that its quotas hold back: all of some kinds. */
export interface HeldBack {
  readonly teamId: string
  readonly needs: readonly string[]
}

/** Jobs of a team that wait, but not for their turn. */
export interface OutOfLine {
  readonly teamId: string
  /** For other jobs. */
  readonly blocked: number
  /** After a failure. */
  readonly backOff: number
}

/** Where a job stands within its team's line. */
export interface Rank {
  readonly id: string
  /** Jobs of its team ahead of it, without those held back and those overdue. */
  readonly ownAhead: number
  /** Jobs of any team that are overdue and older; null when the job itself is not overdue. */
  readonly overdueAhead: number | null
}

const READY = Prisma.sql`state = 'queued' AND (retry_at IS NULL OR retry_at <= clock_timestamp())`
const IN_ORDER = Prisma.sql`priority DESC, queued_at, id`
const SECONDS = Prisma.sql`(SELECT pace.seconds FROM job_pace AS pace WHERE pace.key = job.pace_key AND pace.key <> '') * job.training_units`
const WAITING = Prisma.sql`job.id, job.team_id AS "teamId", job.needs, job.priority, job.losses,
  job.reserved_on AS "reservedOn", extract(epoch FROM job.queued_at)::float8 AS "queuedAt", ${SECONDS} AS seconds`

const overdue = (maxWaitSeconds: number): Prisma.Sql =>
  Prisma.sql`queued_at < clock_timestamp() - ${secondsSql(maxWaitSeconds)}`

export function createLineRepository(db: Connection) {
  return {
    /** Teams and kinds of needs of which jobs wait, each pair once. */
    async kinds(): Promise<{ teamId: string; needs: string }[]> {
      // one step in the index per pair
      return db.$queryRaw`
        WITH RECURSIVE kind AS (
          (SELECT team_id, needs FROM job WHERE state = 'queued' ORDER BY team_id, needs LIMIT 1)
          UNION ALL
          SELECT next.team_id, next.needs FROM kind CROSS JOIN LATERAL (
            SELECT team_id, needs FROM job WHERE state = 'queued' AND (team_id, needs) > (kind.team_id, kind.needs)
            ORDER BY team_id, needs LIMIT 1
          ) AS next
        )
        SELECT team_id AS "teamId", needs FROM kind`
    },

    /** The first `limit` jobs of each of these kinds, in the order of their teams' lines. */
    async heads(kinds: readonly { teamId: string; needs: string }[], limit: number): Promise<Waiting[]> {
      return db.$queryRaw`
        SELECT ${WAITING} FROM json_to_recordset(${JSON.stringify(kinds)}::json) AS kind("teamId" uuid, needs text)
        CROSS JOIN LATERAL (
          SELECT * FROM job WHERE ${READY} AND team_id = kind."teamId" AND job.needs = kind.needs
          ORDER BY ${IN_ORDER} LIMIT ${limit}::int
        ) AS job ORDER BY ${IN_ORDER}`
    },

    /** The jobs that have waited longer than anybody shall, oldest first. */
    async overdue(maxWaitSeconds: number, limit: number): Promise<Waiting[]> {
      return db.$queryRaw`
        SELECT ${WAITING} FROM job WHERE ${READY} AND ${overdue(maxWaitSeconds)}
        ORDER BY queued_at, id LIMIT ${limit}::int`
    },

    /** How many wait, by team, needs and priority. */
    async counts(maxWaitSeconds: number): Promise<WaitingKind[]> {
      return db.$queryRaw`
        SELECT team_id AS "teamId", needs, priority, count(*)::int AS jobs,
          (count(*) FILTER (WHERE ${overdue(maxWaitSeconds)}))::int AS overdue
        FROM job WHERE ${READY} GROUP BY team_id, needs, priority`
    },

    /** Of those of the jobs that wait their turn. */
    async ranks(ids: readonly string[], heldBack: readonly HeldBack[], maxWaitSeconds: number): Promise<Rank[]> {
      const kinds = heldBack.flatMap(({ teamId, needs }) => needs.map((each) => ({ teamId, needs: each })))
      const old = overdue(maxWaitSeconds)
      return db.$queryRaw`
        WITH asked AS (SELECT * FROM job WHERE id = ANY(${ids}::uuid[]) AND ${READY}),
        held_back AS (SELECT * FROM json_to_recordset(${JSON.stringify(kinds)}::json) AS kind("teamId" uuid, needs text)),
        own AS (
          SELECT id, row_number() OVER (PARTITION BY team_id ORDER BY ${IN_ORDER}) - 1 AS ahead FROM job
          WHERE ${READY} AND NOT (${old}) AND team_id IN (SELECT team_id FROM asked)
            AND (team_id, needs) NOT IN (SELECT "teamId", needs FROM held_back)
        )
        SELECT asked.id, coalesce(own.ahead, 0)::int AS "ownAhead",
          CASE WHEN asked.${old} THEN (SELECT count(*)::int FROM job WHERE ${READY}
            AND (job.queued_at, job.id) < (asked.queued_at, asked.id)) END AS "overdueAhead"
        FROM asked LEFT JOIN own ON own.id = asked.id`
    },

    /** Of each team, how many jobs wait for something other than their turn. */
    async outOfLine(): Promise<OutOfLine[]> {
      return db.$queryRaw`
        SELECT team_id AS "teamId", (count(*) FILTER (WHERE state = 'blocked'))::int AS blocked,
          (count(*) FILTER (WHERE state = 'queued'))::int AS "backOff"
        FROM job WHERE state = 'blocked' OR (state = 'queued' AND retry_at > clock_timestamp()) GROUP BY team_id`
    },

    /** The jobs in slots, those that run longest first. */
    async held(): Promise<Held[]> {
      return db.$queryRaw`
        SELECT job.id, job.team_id AS "teamId", job.worker_id AS "workerId", job.needs, job.priority, job.preemptible,
          job.state::text, job.stop_reason AS "stopReason", ${SECONDS} AS seconds,
          coalesce(extract(epoch FROM clock_timestamp() - job_attempt.started_at), 0)::float8 AS "ranSeconds",
          coalesce(((progress ->> 'stageIndex')::float8 + (progress ->> 'step')::float8
            / greatest(1, (progress ->> 'steps')::float8)) / (progress ->> 'stageCount')::float8, 0) AS done,
          (progress ->> 'secondsLeft')::float8 AS "stageSecondsLeft"
        FROM job JOIN job_attempt ON job_attempt.job_id = job.id AND job_attempt.attempt = job.attempt
        WHERE job.state IN ('running', 'dispatched') AND job.worker_id IS NOT NULL
        ORDER BY job_attempt.started_at, job.id`
    },

    /** Keeps the place that others are stopped to make for it; null gives it up. */
    async reserve(jobId: string, workerId: string | null): Promise<void> {
      await db.$executeRaw`UPDATE job SET reserved_on = ${workerId}::uuid WHERE id = ${jobId}::uuid AND state = 'queued'`
    },
  }
}
