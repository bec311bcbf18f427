// API keys: found by the hash of their secret, which is all that is stored of it.
import type { Scope } from '@stillhouse/spec'
import type { Connection } from '../connection.ts'
import { Prisma } from '../generated/client.ts'
import type { TeamFence } from './team-repository.ts'

export interface ApiKeyRow {
  readonly id: string
  readonly name: string
  readonly teamId: string | null
  readonly team: string | null
  readonly setBy: string | null
  readonly prefix: string
  readonly secretHash: string
  readonly previousHash: string | null
  readonly previousUntil: Date | null
  /** Whether the secret before the last rotation is still valid; by the database's clock, as `expired` is. */
  readonly previousValid: boolean
  readonly scopes: Scope[]
  readonly createdAt: Date
  readonly expiresAt: Date | null
  readonly expired: boolean
  readonly revokedAt: Date | null
  readonly lastUsedAt: Date | null
}

export interface StoredSecret {
  readonly prefix: string
  readonly secretHash: string
}

export interface SetApiKey extends StoredSecret {
  readonly id: string
  readonly name: string
  readonly scopes: readonly Scope[]
}

export interface NewApiKeyRow extends SetApiKey {
  readonly teamId: string | null
  readonly expiresAt: Date | null
}

export interface ApiKeyQuery {
  readonly fence: TeamFence
  readonly limit: number
  /** Only keys older than this id. */
  readonly before?: string
}

const COLUMNS = Prisma.sql`api_key.id, api_key.name, api_key.team_id AS "teamId", team.name AS team,
  set_by AS "setBy", prefix, secret_hash AS "secretHash", previous_hash AS "previousHash",
  previous_until AS "previousUntil", coalesce(previous_until > clock_timestamp(), false) AS "previousValid", scopes,
  api_key.created_at AS "createdAt", expires_at AS "expiresAt",
  coalesce(expires_at <= clock_timestamp(), false) AS expired, revoked_at AS "revokedAt", last_used_at AS "lastUsedAt"
  FROM api_key LEFT JOIN team ON team.id = api_key.team_id`

export function createApiKeyRepository(db: Connection) {
  const find = async (id: string): Promise<ApiKeyRow | null> => {
    const rows = await db.$queryRaw<ApiKeyRow[]>`SELECT ${COLUMNS} WHERE api_key.id = ${id}::uuid`
    return rows[0] ?? null
  }
  return {
    /** The keys that have these secrets, or had them before their last rotation. */
    async findByHashes(hashes: readonly string[]): Promise<ApiKeyRow[]> {
      return db.$queryRaw<ApiKeyRow[]>`
        /* prepared find_keys */ SELECT ${COLUMNS} WHERE secret_hash = ANY(${hashes}::text[]) OR previous_hash = ANY(${hashes}::text[])`
    },

    find,

    /** The key, locked until the end of the transaction. */
    async lock(id: string): Promise<ApiKeyRow | null> {
      await db.$executeRaw`SELECT 1 FROM api_key WHERE id = ${id}::uuid FOR NO KEY UPDATE`
      return find(id)
    },

    /** Newest first. */
    async list({ fence, limit, before }: ApiKeyQuery): Promise<ApiKeyRow[]> {
      return db.$queryRaw<ApiKeyRow[]>`SELECT ${COLUMNS}
        WHERE (${fence}::uuid IS NULL OR api_key.team_id = ${fence}::uuid)
          AND (${before ?? null}::uuid IS NULL OR api_key.id < ${before ?? null}::uuid)
        ORDER BY api_key.id DESC LIMIT ${limit}::int`
    },

    /** Makes the key that the environment sets under this name have this secret and these scopes. */
    async set({ id, name, prefix, secretHash, scopes }: SetApiKey): Promise<void> {
      await db.$executeRaw`INSERT INTO api_key (id, name, set_by, prefix, secret_hash, scopes)
        VALUES (${id}::uuid, ${name}, ${name}, ${prefix}, ${secretHash}, ${scopes}::text[])
        ON CONFLICT (set_by) DO UPDATE
          SET prefix = excluded.prefix, secret_hash = excluded.secret_hash, scopes = excluded.scopes`
    },

    /** Writes a new key; false when its id is taken: then it was written before. */
    async insert({ id, name, teamId, prefix, secretHash, scopes, expiresAt }: NewApiKeyRow): Promise<boolean> {
      const written = await db.$executeRaw`
        INSERT INTO api_key (id, name, team_id, prefix, secret_hash, scopes, expires_at)
        VALUES (${id}::uuid, ${name}, ${teamId}::uuid, ${prefix}, ${secretHash}, ${scopes}::text[],
          ${expiresAt}::timestamptz)
        ON CONFLICT (id) DO NOTHING`
      return written === 1
    },

    /** Gives the key another secret; the one it had stays valid for so long. */
    async rotate(id: string, { prefix, secretHash }: StoredSecret, graceSeconds: number): Promise<void> {
      const kept = graceSeconds > 0
      await db.$executeRaw`UPDATE api_key SET
          previous_hash = CASE WHEN ${kept} THEN secret_hash END,
          previous_until = CASE WHEN ${kept} THEN clock_timestamp() + make_interval(secs => ${graceSeconds}::float8) END,
          prefix = ${prefix}, secret_hash = ${secretHash}
        WHERE id = ${id}::uuid`
    },

    async revoke(id: string): Promise<void> {
      await db.$executeRaw`UPDATE api_key SET revoked_at = clock_timestamp(), previous_hash = NULL, previous_until = NULL
        WHERE id = ${id}::uuid`
    },

    /** Notes that the key was used, at most once a minute. */
    async touch(id: string): Promise<void> {
      await db.$executeRaw`UPDATE api_key SET last_used_at = clock_timestamp() WHERE id = ${id}::uuid
        AND (last_used_at IS NULL OR last_used_at < clock_timestamp() - interval '1 minute')`
    },
  }
}
