// What teams use of the machines, in SQL: what ended attempts used is kept with the team, what running ones use is added.
import { Prisma } from '../generated/client.ts'
import type { AttemptKey } from './attempt-key.ts'

/** After so long, use counts half. */
const HALF_LIFE_SECONDS = 24 * 3600

/** What a slot without a GPU counts, next to one with. */
export const CPU_SLOT_WEIGHT = 0.05

/** SQL: the first moment of this calendar month, UTC. */
export const MONTH = Prisma.sql`date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC')`

const RUNNING = Prisma.sql`job_attempt JOIN job ON job.id = job_attempt.job_id AND job.attempt = job_attempt.attempt
  WHERE job.team_id = team.id AND job.state IN ('running', 'dispatched')`

/** SQL of a row of `team`: GPUs that its jobs hold. */
export const GPUS_HELD = Prisma.sql`(SELECT coalesce(sum(gpus), 0)::int FROM ${RUNNING})`

/** SQL of a row of `team`: GPU-seconds of this calendar month (UTC), those of running attempts included. */
export const GPU_SECONDS = Prisma.sql`(
  coalesce((SELECT gpu_seconds FROM team_month WHERE team_id = team.id AND month = ${MONTH}::date), 0)
  + (SELECT coalesce(sum(gpus * extract(epoch FROM clock_timestamp()
      - greatest(job_attempt.started_at, ${MONTH} AT TIME ZONE 'UTC'))), 0)::float8
    FROM ${RUNNING} AND job_attempt.started_at IS NOT NULL))`

/** SQL of an attempt: what a second in its slot counts. */
export const SLOT_WEIGHT = Prisma.sql`(CASE WHEN job_attempt.gpus > 0 THEN job_attempt.gpus ELSE ${CPU_SLOT_WEIGHT}::float8 END)`

/** SQL: the integral over `seconds` of use that is halved with every half-life, as of its end. */
const decayedIntegral = (seconds: Prisma.Sql): Prisma.Sql =>
  Prisma.sql`${HALF_LIFE_SECONDS / Math.LN2}::float8 * (1 - power(0.5::float8, greatest(0, ${seconds}) / ${HALF_LIFE_SECONDS}::float8))`

const decayed = (amount: Prisma.Sql, since: Prisma.Sql): Prisma.Sql =>
  Prisma.sql`${amount} * power(0.5::float8, greatest(0, extract(epoch FROM clock_timestamp() - ${since})) / ${HALF_LIFE_SECONDS}::float8)`

const AGE = Prisma.sql`extract(epoch FROM clock_timestamp() - job_attempt.started_at)::float8`

/** SQL of a row of `team`: its recent use in weighted slot-seconds, that of running attempts left out. */
export const OWN_USE = decayed(Prisma.sql`team.usage`, Prisma.sql`team.usage_at`)

/** SQL: of each team with jobs in slots, how many, the GPUs that they hold, and what they have used so far. */
export const HELD_NOW = Prisma.sql`
  SELECT job.team_id, count(*)::int AS active, sum(gpus)::int AS gpus,
    sum(${SLOT_WEIGHT} * ${decayedIntegral(Prisma.sql`coalesce(${AGE}, 0)`)})::float8 AS charge,
    sum(gpus * extract(epoch FROM clock_timestamp() - greatest(job_attempt.started_at, ${MONTH} AT TIME ZONE 'UTC')))
      FILTER (WHERE job_attempt.started_at IS NOT NULL)::float8 AS gpu_seconds
  FROM job JOIN job_attempt ON job_attempt.job_id = job.id AND job_attempt.attempt = job.attempt
  WHERE job.state IN ('running', 'dispatched') GROUP BY job.team_id`

/** Attempts named in a recordset, with their jobs. */
const NAMED = (keys: readonly AttemptKey[]): Prisma.Sql => Prisma.sql`
  json_to_recordset(${JSON.stringify(keys)}::json) AS key("jobId" uuid, attempt int)
  JOIN job_attempt ON job_attempt.job_id = key."jobId" AND job_attempt.attempt = key.attempt
    AND job_attempt.started_at IS NOT NULL
  JOIN job ON job.id = job_attempt.job_id`

/** SQL: adds to the recent use of teams what these attempts, which have just ended, used. */
export const chargeTeams = (keys: readonly AttemptKey[]): Prisma.Sql => Prisma.sql`
  UPDATE team SET usage = ${decayed(Prisma.sql`team.usage`, Prisma.sql`team.usage_at`)} + charge.amount,
    usage_at = clock_timestamp()
  FROM (
    SELECT job.team_id, sum(${SLOT_WEIGHT} * ${decayedIntegral(AGE)}) AS amount FROM ${NAMED(keys)} GROUP BY job.team_id
  ) AS charge WHERE team.id = charge.team_id`

/** SQL: adds to the calendar months of teams what these attempts, which have just ended, used in each. */
export const chargeMonths = (keys: readonly AttemptKey[]): Prisma.Sql => Prisma.sql`
  INSERT INTO team_month (team_id, month, slot_seconds, gpu_seconds)
  SELECT job.team_id, span.month, sum(span.seconds), sum(span.seconds * job_attempt.gpus)
  FROM ${NAMED(keys)} CROSS JOIN LATERAL (
    SELECT first::date AS month, greatest(0, extract(epoch FROM
      least(clock_timestamp(), (first + interval '1 month') AT TIME ZONE 'UTC')
      - greatest(job_attempt.started_at, first AT TIME ZONE 'UTC')))::float8 AS seconds
    FROM generate_series(date_trunc('month', job_attempt.started_at AT TIME ZONE 'UTC'), ${MONTH}, interval '1 month') AS first
  ) AS span GROUP BY job.team_id, span.month
  ON CONFLICT (team_id, month) DO UPDATE SET slot_seconds = team_month.slot_seconds + excluded.slot_seconds,
    gpu_seconds = team_month.gpu_seconds + excluded.gpu_seconds`
