// Blobs that nothing may refer to: stored and not yet named by a row, or no longer named. They are deleted from the
// artifact store after a while, unless something refers to them then.
import type { Connection } from '../connection.ts'
import { secondsSql } from './job-move.ts'
import { referenced } from './referenced.ts'

export function createStaleBlobRepository(db: Connection) {
  return {
    /** Marks blobs to be looked at after so many seconds. */
    async mark(digests: readonly string[], afterSeconds: number): Promise<void> {
      if (digests.length === 0) return
      await db.$executeRaw`INSERT INTO stale_blob (sha256, due_at)
        SELECT sha256, clock_timestamp() + ${secondsSql(afterSeconds)}
        FROM (SELECT DISTINCT unnest(${digests}::text[]) AS sha256) AS marked ORDER BY sha256
        ON CONFLICT (sha256) DO UPDATE SET due_at = excluded.due_at`
    },

    /**
     * Puts the deletion of listed blobs off: somebody is about to use them. They stay listed, since whoever wanted them
     * may die before a row names them.
     */
    async rescue(digests: readonly string[], seconds: number): Promise<void> {
      await db.$executeRaw`UPDATE stale_blob SET due_at = greatest(due_at, clock_timestamp() + ${secondsSql(seconds)})
        WHERE sha256 IN (
          SELECT sha256 FROM stale_blob WHERE sha256 = ANY(${digests}::text[]) ORDER BY sha256 FOR UPDATE)`
    },

    /** Takes due blobs off the list, locked, and answers those that nothing refers to. */
    async takeUnreferenced(limit: number): Promise<string[]> {
      const rows = await db.$queryRaw<{ sha256: string; used: boolean }[]>`
        DELETE FROM stale_blob WHERE sha256 IN (
          SELECT sha256 FROM stale_blob WHERE due_at < clock_timestamp()
          ORDER BY sha256 LIMIT ${limit}::int FOR UPDATE SKIP LOCKED)
        RETURNING sha256,
          ${referenced('stale_blob')} AS used`
      return rows.filter((row) => !row.used).map((row) => row.sha256)
    },
  }
}
