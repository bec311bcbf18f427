// The record of who changed what. Entries are only ever added.
import type { AuditAction, AuditEntry } from '@stillhouse/spec'
import type { Connection } from '../connection.ts'
import { storableJson } from '../storable.ts'
import type { TeamFence } from './team-repository.ts'

export interface NewAuditEntry {
  readonly keyId: string
  readonly keyName: string
  /** The team whose matter it is; null for the cluster's own. */
  readonly teamId: string | null
  readonly action: AuditAction
  readonly target: AuditEntry['target']
  readonly requestId: string
  /** Never secrets. */
  readonly detail: Readonly<Record<string, unknown>>
}

export interface AuditQuery {
  readonly fence: TeamFence
  readonly action?: AuditAction
  /** Id of what was changed. */
  readonly target?: string
  readonly limit: number
  /** Only entries older than this one. */
  readonly before?: number
}

interface Row {
  readonly id: bigint
  readonly at: Date
  readonly keyId: string
  readonly keyName: string
  readonly team: string | null
  readonly action: AuditAction
  readonly targetKind: AuditEntry['target']['kind']
  readonly targetId: string
  readonly requestId: string
  readonly detail: Record<string, unknown>
}

export function createAuditRepository(db: Connection) {
  return {
    async insert({ keyId, keyName, teamId, action, target, requestId, detail }: NewAuditEntry): Promise<void> {
      await db.$executeRaw`
        INSERT INTO audit_entry (key_id, key_name, team_id, action, target_kind, target_id, request_id, detail)
        VALUES (${keyId}::uuid, ${keyName}, ${teamId}::uuid, ${action}, ${target.kind}, ${target.id}, ${requestId},
          ${storableJson(detail)}::json)`
    },

    /** Newest first. */
    async list({ fence, action, target, limit, before }: AuditQuery): Promise<AuditEntry[]> {
      const rows = await db.$queryRaw<Row[]>`
        SELECT entry.id, at, key_id AS "keyId", key_name AS "keyName", team.name AS team, action,
          target_kind AS "targetKind", target_id AS "targetId", request_id AS "requestId", detail
        FROM audit_entry AS entry LEFT JOIN team ON team.id = entry.team_id
        WHERE (${fence}::uuid IS NULL OR team_id = ${fence}::uuid)
          AND (${action ?? null}::text IS NULL OR action = ${action ?? null}::text)
          AND (${target ?? null}::text IS NULL OR target_id = ${target ?? null}::text)
          AND (${before ?? null}::bigint IS NULL OR entry.id < ${before ?? null}::bigint)
        ORDER BY entry.id DESC LIMIT ${limit}::int`
      return rows.map(entryOf)
    },
  }
}

function entryOf({ id, at, keyId, keyName, targetKind, targetId, ...rest }: Row): AuditEntry {
  return {
    id: Number(id),
    at: at.toISOString(),
    key: { id: keyId, name: keyName },
    target: { kind: targetKind, id: targetId },
    ...rest,
  }
}
