// What must reach webhooks. Written with the change of state that it tells, sent by the leader, kept for a while as a record.
import type { EventPayload, ToldState, WebhookDelivery } from '@stillhouse/spec'
import type { Connection } from '../connection.ts'
import { Prisma } from '../generated/client.ts'
import { secondsSql } from './job-move.ts'

/** An event that webhooks may want to hear of. */
export interface ToldEvent {
  readonly id: string
  readonly eventSeq: number
}

export interface WebhookDeliveryRow {
  readonly id: bigint
  readonly job: string
  readonly event: number
  readonly state: WebhookDelivery['state']
  readonly tries: number
  readonly status: number | null
  readonly error: string | null
  readonly createdAt: Date
  readonly dueAt: Date
  readonly endedAt: Date | null
}

/** A delivery with all that is needed to send it. */
export interface DueDelivery {
  readonly id: bigint
  /** The one that begins included. */
  readonly tries: number
  readonly webhookId: string
  readonly url: string
  readonly secret: string
  readonly job: {
    readonly id: string
    readonly team: string
    readonly name: string
    readonly labels: Record<string, string>
  }
  readonly seq: number
  readonly at: Date
  readonly data: EventPayload<'state'>
}

export interface TriedDelivery {
  readonly status: number | null
  readonly error: string | null
  /** Null: it was delivered, or is given up. */
  readonly retryInSeconds: number | null
}

export interface TakeOptions {
  readonly limit: number
  /** One that does not answer may not hold up the others. */
  readonly perWebhook: number
  /** For so long nobody else takes them. */
  readonly leaseSeconds: number
}

const COLUMNS = Prisma.sql`id, job_id AS job, seq AS event, state, tries, status, error, created_at AS "createdAt",
  due_at AS "dueAt", ended_at AS "endedAt" FROM webhook_delivery`

export function createWebhookDeliveryRepository(db: Connection) {
  return {
    /** Notes what these jobs' webhooks have to hear. The webhooks are held: one that is being deleted hears nothing. */
    async add(state: ToldState, events: readonly ToldEvent[]): Promise<void> {
      await db.$executeRaw`
        /* prepared tell_webhooks */ INSERT INTO webhook_delivery (webhook_id, job_id, seq)
        SELECT webhook.id, job.id, told."eventSeq"
        FROM json_to_recordset(${JSON.stringify(events)}::json) AS told(id uuid, "eventSeq" int)
        JOIN job ON job.id = told.id
        JOIN webhook ON webhook.team_id = job.team_id AND ${state} = ANY(webhook.states) AND job.labels @> webhook.labels
        ORDER BY webhook.id, job.id FOR KEY SHARE OF webhook`
    },

    /** Those that are due, oldest first, each with one more try; nobody else takes them meanwhile. */
    async take({ limit, perWebhook, leaseSeconds }: TakeOptions): Promise<DueDelivery[]> {
      return db.$queryRaw<DueDelivery[]>`
        /* prepared take_deliveries */ WITH due AS (
          SELECT id FROM (
            SELECT id, due_at, row_number() OVER (PARTITION BY webhook_id ORDER BY due_at, id) AS place
            FROM webhook_delivery WHERE state = 'pending' AND due_at <= clock_timestamp()
          ) AS each WHERE place <= ${perWebhook}::int ORDER BY due_at, id LIMIT ${limit}::int
        ), taken AS (
          UPDATE webhook_delivery SET tries = tries + 1, due_at = clock_timestamp() + ${secondsSql(leaseSeconds)}
          FROM due WHERE webhook_delivery.id = due.id AND state = 'pending'
          RETURNING webhook_delivery.id, tries, webhook_id, job_id, seq
        )
        SELECT taken.id, tries, webhook.id AS "webhookId", url, secret, taken.seq, job_event.at, job_event.data,
          json_build_object('id', job.id, 'team', team.name, 'name', job.name, 'labels', job.labels) AS job
        FROM taken JOIN webhook ON webhook.id = taken.webhook_id JOIN job ON job.id = taken.job_id
        JOIN team ON team.id = job.team_id JOIN job_event ON job_event.job_id = taken.job_id AND job_event.seq = taken.seq
        ORDER BY taken.id`
    },

    /** Writes down how a try ended. */
    async settle(id: bigint, { status, error, retryInSeconds }: TriedDelivery): Promise<void> {
      const ended = error === null ? 'delivered' : 'failed'
      await db.$executeRaw`UPDATE webhook_delivery SET status = ${status}::int, error = ${error},
          state = CASE WHEN ${retryInSeconds}::float8 IS NULL THEN ${ended} ELSE 'pending' END,
          due_at = clock_timestamp() + ${secondsSql(retryInSeconds ?? 0)},
          ended_at = CASE WHEN ${retryInSeconds}::float8 IS NULL THEN clock_timestamp() END
        WHERE id = ${id} AND state = 'pending'`
    },

    /** Newest first. */
    async list(
      webhookId: string,
      { limit, before }: { limit: number; before?: number },
    ): Promise<WebhookDeliveryRow[]> {
      return db.$queryRaw<WebhookDeliveryRow[]>`SELECT ${COLUMNS}
        WHERE webhook_id = ${webhookId}::uuid AND (${before ?? null}::bigint IS NULL OR id < ${before ?? null}::bigint)
        ORDER BY id DESC LIMIT ${limit}::int`
    },

    /** Makes it due at once, with all its tries; null when the webhook has no such delivery. */
    async replay(webhookId: string, id: number): Promise<WebhookDeliveryRow | null> {
      await db.$executeRaw`UPDATE webhook_delivery SET state = 'pending', tries = 0, due_at = clock_timestamp(), ended_at = NULL
        WHERE id = ${id}::bigint AND webhook_id = ${webhookId}::uuid`
      const rows = await db.$queryRaw<WebhookDeliveryRow[]>`SELECT ${COLUMNS}
        WHERE id = ${id}::bigint AND webhook_id = ${webhookId}::uuid`
      return rows[0] ?? null
    },

    /** How many were not taken yet, and how long ago the oldest of them was written (seconds). */
    async backlog(): Promise<{ pending: number; oldestSeconds: number }> {
      const rows = await db.$queryRaw<{ pending: number; oldestSeconds: number }[]>`
        SELECT count(*)::int AS pending,
          coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 AS "oldestSeconds"
        FROM webhook_delivery WHERE state = 'pending'`
      return rows[0] ?? { pending: 0, oldestSeconds: 0 }
    },

    /** Deletes what ended so many days ago; answers how many. */
    async forget(olderThanDays: number): Promise<number> {
      return db.$executeRaw`DELETE FROM webhook_delivery
        WHERE state <> 'pending' AND ended_at < clock_timestamp() - make_interval(days => ${olderThanDays}::int)`
    },
  }
}
