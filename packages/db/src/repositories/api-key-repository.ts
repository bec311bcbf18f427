// API keys: found by the hash of their secret, which is all that is stored of it.

import type { Connection } from '../connection.ts'
import type { ApiKey as Stored } from '../generated/client.ts'

export type ApiKeyRow = Stored

export interface NewApiKey {
  readonly id: string
  readonly name: string
  readonly prefix: string
  readonly secretHash: string
  readonly scopes: readonly string[]
}

export function createApiKeyRepository(db: Connection) {
  return {
    async findByHash(secretHash: string): Promise<ApiKeyRow | null> {
      return db.apiKey.findUnique({ where: { secretHash } })
    },

    /** Makes the key of this name have this secret and these scopes. */
    async save({ id, name, prefix, secretHash, scopes }: NewApiKey): Promise<void> {
      await db.$executeRaw`INSERT INTO api_key (id, name, prefix, secret_hash, scopes)
        VALUES (${id}::uuid, ${name}, ${prefix}, ${secretHash}, ${scopes}::text[])
        ON CONFLICT (name) DO UPDATE
          SET prefix = excluded.prefix, secret_hash = excluded.secret_hash, scopes = excluded.scopes`
    },

    /** Notes that the key was used, at most once a minute. */
    async touch(id: string): Promise<void> {
      await db.$executeRaw`UPDATE api_key SET last_used_at = clock_timestamp() WHERE id = ${id}::uuid
        AND (last_used_at IS NULL OR last_used_at < clock_timestamp() - interval '1 minute')`
    },
  }
}
