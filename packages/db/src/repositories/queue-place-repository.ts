// Where a job stands in the queue. A job that a quota of its team holds back stands in nobody's way: it has no position
// and is not counted among those ahead of others.
import type { Connection } from '../connection.ts'
import type { TeamLimit } from './team-repository.ts'

export interface QueuePlace {
  /** 1 = next; null when the job is held back by the limit of its team. */
  readonly position: number | null
  /** Jobs of its own team ahead of it; counted only where some team has a limit. */
  readonly ownAhead: number
}

type Place = QueuePlace & { readonly id: string }

/** Up to so many jobs it is quicker to count who is ahead of each than to number the whole queue. */
const FEW = 8

export function createQueuePlaceRepository(db: Connection) {
  const count = (ids: readonly string[]): Promise<Place[]> => db.$queryRaw`
    SELECT id, 0 AS "ownAhead", (1
      + (SELECT count(*) FROM job AS other WHERE other.state = 'queued' AND other.priority > job.priority)
      + (SELECT count(*) FROM job AS other WHERE other.state = 'queued' AND other.priority = job.priority
          AND (other.queued_at, other.id) < (job.queued_at, job.id)))::int AS position
    FROM job WHERE id = ANY(${ids}::uuid[]) AND state = 'queued'`

  const number = (ids: readonly string[]): Promise<Place[]> => db.$queryRaw`
    SELECT id, 0 AS "ownAhead", position::int FROM (
      SELECT id, row_number() OVER (ORDER BY priority DESC, queued_at, id) AS position FROM job WHERE state = 'queued'
    ) AS queue WHERE id = ANY(${ids}::uuid[])`

  // of each team no more are ahead than it may still run
  const countFenced = (ids: readonly string[], limits: string): Promise<Place[]> => db.$queryRaw`
    WITH bound AS (SELECT * FROM json_to_recordset(${limits}::json) AS bound("teamId" uuid, allowance int))
    SELECT job.id, ahead.own AS "ownAhead",
      CASE WHEN ahead.own < coalesce(bound.allowance, ahead.own + 1) THEN 1 + ahead.others END AS position
    FROM job LEFT JOIN bound ON bound."teamId" = job.team_id
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(least(teams.jobs, coalesce(bound.allowance, teams.jobs))), 0)::int AS others,
        coalesce(sum(teams.jobs) FILTER (WHERE teams.team_id = job.team_id), 0)::int AS own
      FROM (
        SELECT team_id, count(*)::int AS jobs FROM (
          SELECT team_id FROM job AS other WHERE other.state = 'queued' AND other.priority > job.priority
          UNION ALL
          SELECT team_id FROM job AS other WHERE other.state = 'queued' AND other.priority = job.priority
            AND (other.queued_at, other.id) < (job.queued_at, job.id)
        ) AS job_ahead GROUP BY team_id
      ) AS teams LEFT JOIN bound ON bound."teamId" = teams.team_id
    ) AS ahead
    WHERE job.id = ANY(${ids}::uuid[]) AND job.state = 'queued'`

  const numberFenced = (ids: readonly string[], limits: string): Promise<Place[]> => db.$queryRaw`
    WITH bound AS (SELECT * FROM json_to_recordset(${limits}::json) AS bound("teamId" uuid, allowance int)),
    queue AS (
      SELECT id, team_id, priority, queued_at,
        row_number() OVER (PARTITION BY team_id ORDER BY priority DESC, queued_at, id) AS rank
      FROM job WHERE state = 'queued'
    ),
    line AS (
      SELECT id, row_number() OVER (ORDER BY priority DESC, queued_at, id) AS position
      FROM queue LEFT JOIN bound ON bound."teamId" = queue.team_id WHERE rank <= coalesce(allowance, rank)
    )
    SELECT queue.id, line.position::int, (rank - 1)::int AS "ownAhead"
    FROM queue LEFT JOIN line ON line.id = queue.id WHERE queue.id = ANY(${ids}::uuid[])`

  return {
    /** Of each of the jobs that is queued. */
    async places(ids: readonly string[], limits: readonly TeamLimit[]): Promise<Map<string, QueuePlace>> {
      if (ids.length === 0) return new Map()
      const few = ids.length <= FEW
      const bounds = JSON.stringify(limits)
      const places =
        limits.length === 0
          ? await (few ? count(ids) : number(ids))
          : await (few ? countFenced(ids, bounds) : numberFenced(ids, bounds))
      return new Map(places.map(({ id, ...place }) => [id, place]))
    },
  }
}
