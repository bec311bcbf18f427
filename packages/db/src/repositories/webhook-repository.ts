// Webhooks: where teams want to hear of their jobs.
import type { ToldState } from '@stillhouse/spec'
import type { Connection } from '../connection.ts'
import { Prisma } from '../generated/client.ts'
import type { TeamFence } from './team-repository.ts'

export interface WebhookRow {
  readonly id: string
  readonly teamId: string
  readonly team: string
  readonly url: string
  readonly states: ToldState[]
  readonly labels: Record<string, string>
  readonly createdAt: Date
}

export interface NewWebhookRow extends Pick<WebhookRow, 'id' | 'teamId' | 'url'> {
  readonly states: readonly ToldState[]
  readonly labels: Readonly<Record<string, string>>
  readonly secret: string
}

export interface WebhookQuery {
  readonly fence: TeamFence
  readonly limit: number
  /** Only webhooks older than this id. */
  readonly before?: string
}

/** Without the secret: only what sends needs it. */
const COLUMNS = Prisma.sql`webhook.id, team_id AS "teamId", team.name AS team, url, states, labels,
  webhook.created_at AS "createdAt" FROM webhook JOIN team ON team.id = webhook.team_id`

export function createWebhookRepository(db: Connection) {
  return {
    /** False when the id is taken: then it was written before. */
    async insert({ id, teamId, url, states, labels, secret }: NewWebhookRow): Promise<boolean> {
      const written = await db.$executeRaw`INSERT INTO webhook (id, team_id, url, states, labels, secret)
        VALUES (${id}::uuid, ${teamId}::uuid, ${url}, ${states}::text[], ${JSON.stringify(labels)}::jsonb, ${secret})
        ON CONFLICT (id) DO NOTHING`
      return written === 1
    },

    async find(id: string): Promise<WebhookRow | null> {
      const rows = await db.$queryRaw<WebhookRow[]>`SELECT ${COLUMNS} WHERE webhook.id = ${id}::uuid`
      return rows[0] ?? null
    },

    /** Newest first. */
    async list({ fence, limit, before }: WebhookQuery): Promise<WebhookRow[]> {
      return db.$queryRaw<WebhookRow[]>`SELECT ${COLUMNS}
        WHERE (${fence}::uuid IS NULL OR team_id = ${fence}::uuid)
          AND (${before ?? null}::uuid IS NULL OR webhook.id < ${before ?? null}::uuid)
        ORDER BY webhook.id DESC LIMIT ${limit}::int`
    },

    async count(teamId: string): Promise<number> {
      return db.webhook.count({ where: { teamId } })
    },

    /** With all its deliveries; false when it is gone. */
    async delete(id: string): Promise<boolean> {
      return (await db.$executeRaw`DELETE FROM webhook WHERE id = ${id}::uuid`) === 1
    },
  }
}
