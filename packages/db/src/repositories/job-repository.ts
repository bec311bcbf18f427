// Jobs: the truth about what was asked and where it stands. States change only through compareAndSet.
import type { JobProgress, JobSpec, JobState } from '@stillhouse/spec'
import type { Connection } from '../connection.ts'
import { Prisma } from '../generated/client.ts'
import { storableJson } from '../storable.ts'
import type { AttemptKey } from './attempt-key.ts'
import { assignmentsOf, type JobMove, leaseEnd, secondsSql } from './job-move.ts'
import { type JobRow, jobRow, WITH_TEAM } from './job-row.ts'
import { takesJobs } from './takes-jobs.ts'
import type { TeamFence } from './team-repository.ts'

export interface NewJob {
  readonly id: string
  readonly teamId: string
  readonly spec: JobSpec
  readonly specHash: string
  readonly bodyHash: string
  readonly idempotencyKey: string | null
  /** What it asks of a worker, as spec's `needsKey` gives it. */
  readonly needs: string
  /** Epochs, or steps, that it asks for. */
  readonly trainingUnits: number
  /** Jobs with equal keys train at one pace. */
  readonly paceKey: string
  /** W3C trace context of the request that sent it. */
  readonly traceparent: string | null
  readonly state: 'blocked' | 'queued'
}

export interface CompareAndSet {
  readonly ids: readonly string[]
  /** The states it may come from. */
  readonly from: readonly JobState[]
  readonly move: JobMove
  /** Further conditions under which the job is moved; otherwise it is left alone. */
  readonly guard?: { readonly attempt?: number; readonly leaseExpired?: boolean }
}

export interface MovedJob {
  readonly id: string
  readonly attempt: number
  /** Number reserved for the event that tells of the move. */
  readonly eventSeq: number
}

export interface JobQuery {
  readonly fence: TeamFence
  readonly state?: JobState
  readonly labels: Readonly<Record<string, string>>
  readonly limit: number
  /** Only jobs older than this id. */
  readonly before?: string
}

export interface Stranded {
  /** Younger hand-overs to a worker that is active are left alone. */
  readonly claimSeconds: number
  readonly seenWithinSeconds: number
  /** Since the dispatch. */
  readonly patienceSeconds: number
  readonly limit: number
}

/** What decides whether a worker's write is accepted. */
export interface AttemptLock {
  readonly state: JobState
  readonly attempt: number
  readonly workerId: string | null
  readonly progressEventDue: boolean
}

/** An attempt that waits in the queue of a worker. */
export interface HandOver extends AttemptKey {
  readonly workerId: string
}

export function createJobRepository(db: Connection) {
  const find = async (id: string): Promise<JobRow | null> => {
    const job = await db.job.findUnique({ where: { id }, include: WITH_TEAM })
    return job && jobRow(job)
  }
  return {
    /** Writes a new job; false when its id, or its idempotency key within the team, is taken. */
    async insert(job: NewJob): Promise<boolean> {
      const { name, priority, preemptible = false, labels } = job.spec
      const written = await db.$executeRaw`
        INSERT INTO job (id, team_id, name, spec, spec_hash, body_hash, idempotency_key, priority, preemptible, needs,
          training_units, pace_key, traceparent, state, labels)
        VALUES (${job.id}::uuid, ${job.teamId}::uuid, ${name}, ${JSON.stringify(job.spec)}::json, ${job.specHash}, ${job.bodyHash},
          ${job.idempotencyKey}, ${priority}, ${preemptible}, ${job.needs}, ${job.trainingUnits}::float8, ${job.paceKey},
          ${job.traceparent}, ${job.state}::job_state, ${JSON.stringify(labels)}::jsonb)
        ON CONFLICT DO NOTHING`
      return written === 1
    },

    find,

    async findByKey(teamId: string, idempotencyKey: string): Promise<JobRow | null> {
      const where = { teamId_idempotencyKey: { teamId, idempotencyKey } }
      const job = await db.job.findUnique({ where, include: WITH_TEAM })
      return job && jobRow(job)
    },

    /** The job, locked until the end of the transaction: nobody else changes it meanwhile. */
    async lock(id: string): Promise<JobRow | null> {
      await db.$executeRaw`SELECT 1 FROM job WHERE id = ${id}::uuid FOR NO KEY UPDATE`
      return find(id)
    },

    /** Like `lock`, but reads only what a worker's frequent writes need. */
    async lockAttempt(id: string): Promise<AttemptLock | null> {
      const rows = await db.$queryRaw<AttemptLock[]>`
        SELECT state::text, attempt, worker_id AS "workerId",
          coalesce(progress_event_at < clock_timestamp() - interval '1 second', true) AS "progressEventDue"
        FROM job WHERE id = ${id}::uuid FOR NO KEY UPDATE`
      return rows[0] ?? null
    },

    /** What people call these jobs. */
    async titles(ids: readonly string[]): Promise<{ id: string; name: string; team: string }[]> {
      const jobs = await db.job.findMany({
        where: { id: { in: [...ids] } },
        select: { id: true, name: true, ...WITH_TEAM },
      })
      return jobs.map(({ id, name, team }) => ({ id, name, team: team.name }))
    },

    /** Newest first. */
    async list({ fence, state, labels, limit, before }: JobQuery): Promise<JobRow[]> {
      const wanted = Object.keys(labels).length > 0 ? JSON.stringify(labels) : null
      const ids = await db.$queryRaw<{ id: string }[]>`
        SELECT id FROM job
        WHERE (${fence}::uuid IS NULL OR team_id = ${fence}::uuid)
          AND (${state ?? null}::job_state IS NULL OR state = ${state ?? null}::job_state)
          AND (${wanted}::jsonb IS NULL OR labels @> ${wanted}::jsonb)
          AND (${before ?? null}::uuid IS NULL OR id < ${before ?? null}::uuid)
        ORDER BY id DESC LIMIT ${limit}::int`
      const jobs = await db.job.findMany({
        where: { id: { in: ids.map((row) => row.id) } },
        include: WITH_TEAM,
        orderBy: { id: 'desc' },
      })
      return jobs.map(jobRow)
    },

    /** Moves those of the jobs that are in one of the `from` states and meet the guard, and says which. */
    async compareAndSet({ ids, from, move, guard = {} }: CompareAndSet): Promise<MovedJob[]> {
      const attempt = guard.attempt === undefined ? Prisma.empty : Prisma.sql`AND attempt = ${guard.attempt}::int`
      const lease = guard.leaseExpired ? Prisma.sql`AND lease_until < clock_timestamp()` : Prisma.empty
      return db.$queryRaw<MovedJob[]>`
        UPDATE job SET state = ${move.to}::job_state, event_seq = event_seq + 1, ${assignmentsOf(move)}
        WHERE id = ANY(${ids}::uuid[]) AND state = ANY(${from}::job_state[]) ${attempt} ${lease}
        RETURNING id, attempt, event_seq AS "eventSeq"`
    },

    /** Extends the leases of those attempts that this worker holds; the others are not in the answer. */
    async renewLeases(workerId: string, held: readonly AttemptKey[], leaseSeconds: number) {
      return db.$queryRaw<(AttemptKey & { cancelRequested: boolean; stopReason: string | null })[]>`
        WITH mine AS (
          SELECT job.id FROM job
          JOIN json_to_recordset(${JSON.stringify(held)}::json) AS held("jobId" uuid, attempt int)
            ON job.id = held."jobId" AND job.attempt = held.attempt
          WHERE job.worker_id = ${workerId}::uuid AND job.state = 'running'
          ORDER BY job.id FOR NO KEY UPDATE OF job
        )
        UPDATE job SET lease_until = ${leaseEnd(leaseSeconds)} FROM mine
        WHERE job.id = mine.id AND job.state = 'running'
        RETURNING job.id AS "jobId", job.attempt, job.cancel_requested AS "cancelRequested", job.stop_reason AS "stopReason"`
    },

    /** The jobs that the worker runs, locked. */
    async runningOn(workerId: string): Promise<JobRow[]> {
      const rows = await db.$queryRaw<{ id: string }[]>`
        SELECT id FROM job WHERE worker_id = ${workerId}::uuid AND state = 'running' ORDER BY id FOR NO KEY UPDATE`
      const jobs = await db.job.findMany({ where: { id: { in: rows.map((row) => row.id) } }, include: WITH_TEAM })
      return jobs.map(jobRow)
    },

    /** Asks the worker that runs the job to hand it back; it learns so with its next heartbeat. Answers the jobs asked for. */
    async requestHandBack(ids: readonly string[], reason: string): Promise<{ id: string; attempt: number }[]> {
      return db.$queryRaw<{ id: string; attempt: number }[]>`UPDATE job SET stop_reason = ${reason}
        WHERE id = ANY(${ids}::uuid[]) AND state = 'running' AND stop_reason IS NULL RETURNING id, attempt`
    },

    /** Lets jobs of this worker that were wanted back for this reason run on. */
    async withdrawHandBack(workerId: string, reason: string): Promise<{ id: string; attempt: number }[]> {
      return db.$queryRaw<{ id: string; attempt: number }[]>`UPDATE job SET stop_reason = NULL
        WHERE worker_id = ${workerId}::uuid AND state = 'running' AND stop_reason = ${reason} RETURNING id, attempt`
    },

    async requestCancel(id: string): Promise<void> {
      await db.$executeRaw`UPDATE job SET cancel_requested = true WHERE id = ${id}::uuid`
    },

    async setPriority(id: string, priority: number): Promise<void> {
      await db.$executeRaw`UPDATE job SET priority = ${priority}::int WHERE id = ${id}::uuid`
    },

    async setProgress(id: string, progress: JobProgress, eventWritten: boolean): Promise<void> {
      await db.$executeRaw`UPDATE job SET progress = ${storableJson(progress)}::json,
        progress_event_at = CASE WHEN ${eventWritten} THEN clock_timestamp() ELSE progress_event_at END
        WHERE id = ${id}::uuid`
    },

    /** Running jobs whose worker let the lease run out, locked. */
    async withExpiredLease(limit: number): Promise<JobRow[]> {
      const rows = await db.$queryRaw<{ id: string }[]>`
        SELECT id FROM job WHERE state = 'running' AND lease_until < clock_timestamp()
        ORDER BY id LIMIT ${limit}::int FOR NO KEY UPDATE SKIP LOCKED`
      const jobs = await db.job.findMany({ where: { id: { in: rows.map((row) => row.id) } }, include: WITH_TEAM })
      return jobs.map(jobRow)
    },

    /** Dispatched jobs that nobody claimed for so long and that the relay has handed over, last in the queue first. */
    async unclaimed(olderThanSeconds: number, limit: number): Promise<HandOver[]> {
      return db.$queryRaw<HandOver[]>`
        SELECT id AS "jobId", attempt, worker_id AS "workerId" FROM job
        WHERE state = 'dispatched' AND handed_over_at < clock_timestamp() - ${secondsSql(olderThanSeconds)}
          AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.job_id = job.id AND topic = 'queue.add')
        ORDER BY priority, queued_at DESC, id DESC LIMIT ${limit}::int`
    },

    /**
     * Dispatched jobs that their worker will not take: it drains, is cordoned or gone, has not been heard of within
     * `seenWithinSeconds`, or has left them for `patienceSeconds`. Last in the queue first.
     */
    async stranded(options: Stranded): Promise<HandOver[]> {
      const { claimSeconds, seenWithinSeconds, patienceSeconds, limit } = options
      return db.$queryRaw<HandOver[]>`
        SELECT job.id AS "jobId", job.attempt, job.worker_id AS "workerId" FROM job
        JOIN job_attempt ON job_attempt.job_id = job.id AND job_attempt.attempt = job.attempt
        LEFT JOIN worker ON worker.id = job.worker_id
        WHERE job.state = 'dispatched' AND (worker.id IS NULL OR worker.state <> 'active' OR worker.mode <> 'active'
          OR job.handed_over_at < clock_timestamp() - ${secondsSql(claimSeconds)}
            AND (NOT (${takesJobs(seenWithinSeconds)})
              OR job_attempt.dispatched_at < clock_timestamp() - ${secondsSql(patienceSeconds)}))
        ORDER BY job.priority, job.queued_at DESC, job.id DESC LIMIT ${limit}::int`
    },

    /** Notes that these attempts were seen in the queue, or put there again, just now. */
    async markHandedOver(keys: readonly AttemptKey[]): Promise<void> {
      await db.$executeRaw`UPDATE job SET handed_over_at = clock_timestamp()
        FROM json_to_recordset(${JSON.stringify(keys)}::json) AS key("jobId" uuid, attempt int)
        WHERE job.id = key."jobId" AND job.attempt = key.attempt AND job.state = 'dispatched'`
    },

    async countByState(): Promise<{ state: JobState; count: number }[]> {
      return db.$queryRaw`SELECT state::text, count(*)::int FROM job GROUP BY state`
    },

    /** Age of the job that has waited longest, seconds; 0 when none waits. */
    async oldestQueuedSeconds(): Promise<number> {
      const rows = await db.$queryRaw<{ seconds: number }[]>`
        SELECT coalesce(extract(epoch FROM clock_timestamp() - min(queued_at)), 0)::float8 AS seconds
        FROM job WHERE state = 'queued'`
      return Math.max(0, rows[0]?.seconds ?? 0)
    },
  }
}
