// What must reach the queue. Written with the decision, sent by the relay, deleted when the queue has it.
import type { JobState } from '@stillhouse/spec'
import type { Connection } from '../connection.ts'
import { Prisma } from '../generated/client.ts'
import { secondsSql } from './job-move.ts'
import type { HandOver } from './job-repository.ts'
import { waitedSince } from './waited-since.ts'

export type OutboxTopic = 'queue.add' | 'queue.remove'

export interface OutboxRow extends HandOver {
  readonly id: bigint
  readonly topic: OutboxTopic
  readonly tries: number
  /** The job as it is now: what was decided then may no longer hold. */
  readonly jobState: JobState
  readonly jobAttempt: number
  /** W3C trace context of the request that sent the job. */
  readonly traceparent: string | null
  readonly createdAt: Date
  /** When the attempt was given to its worker; null for one that is only known by its number. */
  readonly dispatchedAt: Date | null
  /** Since when the job had waited for that. */
  readonly waitedSince: Date
}

export function createOutboxRepository(db: Connection) {
  return {
    /** Writes one row per attempt, in the given order. */
    async add(topic: OutboxTopic, keys: readonly HandOver[]): Promise<void> {
      if (keys.length === 0) return
      await db.$executeRaw`INSERT INTO outbox (topic, job_id, attempt, worker_id)
        SELECT ${topic}, "jobId", attempt, "workerId"
        FROM ROWS FROM (json_to_recordset(${JSON.stringify(keys)}::json) AS ("jobId" uuid, attempt int, "workerId" uuid))
          WITH ORDINALITY AS key("jobId", attempt, "workerId", place) ORDER BY place`
    },

    async due(limit: number): Promise<OutboxRow[]> {
      return db.$queryRaw<OutboxRow[]>`
        /* prepared list_due */ SELECT outbox.id, topic, outbox.job_id AS "jobId", outbox.attempt, outbox.worker_id AS "workerId", tries, job.state::text AS "jobState",
          job.attempt AS "jobAttempt", job.traceparent, outbox.created_at AS "createdAt",
          given.dispatched_at AS "dispatchedAt", ${waitedSince('given')} AS "waitedSince"
        FROM outbox JOIN job ON job.id = outbox.job_id
        LEFT JOIN job_attempt AS given ON given.job_id = outbox.job_id AND given.attempt = outbox.attempt
        LEFT JOIN job_attempt AS before ON before.job_id = outbox.job_id AND before.attempt = outbox.attempt - 1
        WHERE due_at <= clock_timestamp() ORDER BY outbox.id LIMIT ${limit}::int`
    },

    async delete(ids: readonly bigint[]): Promise<void> {
      if (ids.length > 0) await db.outbox.deleteMany({ where: { id: { in: [...ids] } } })
    },

    /** Puts rows off after a failed try. */
    async postpone(ids: readonly bigint[], seconds: number): Promise<void> {
      if (ids.length === 0) return
      await db.$executeRaw`UPDATE outbox SET tries = tries + 1, due_at = clock_timestamp() + ${secondsSql(seconds)}
        WHERE id IN (${Prisma.join([...ids])})`
    },

    /** How many rows wait, how long the oldest has waited (seconds), and how often the most tried one was tried. */
    async backlog(): Promise<{ pending: number; oldestSeconds: number; tries: number }> {
      const rows = await db.$queryRaw<{ pending: number; oldestSeconds: number; tries: number }[]>`
        SELECT count(*)::int AS pending, coalesce(max(tries), 0)::int AS tries,
          coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 AS "oldestSeconds" FROM outbox`
      return rows[0] ?? { pending: 0, oldestSeconds: 0, tries: 0 }
    },
  }
}
