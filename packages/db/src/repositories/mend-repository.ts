// What was found to disagree and what was done about it. Written with the mend; kept for a month.
import type { Mend, MendKind } from '@stillhouse/spec'
import type { Connection } from '../connection.ts'
import { storableJson } from '../storable.ts'

/** A mend before it is written. */
export type NewMend = Pick<Mend, 'kind' | 'target' | 'detail'>

export interface MendQuery {
  readonly kind?: MendKind
  readonly limit: number
  /** Only mends older than this one. */
  readonly before?: number
}

export function createMendRepository(db: Connection) {
  return {
    async insert(mends: readonly NewMend[]): Promise<void> {
      if (mends.length === 0) return
      await db.$executeRaw`INSERT INTO mend (kind, target, detail)
        SELECT kind, target, detail FROM json_to_recordset(${storableJson(mends)}::json) AS one(kind text, target text, detail json)`
    },

    /** Newest first. */
    async list({ kind, limit, before }: MendQuery): Promise<Mend[]> {
      const rows = await db.$queryRaw<(Omit<Mend, 'id' | 'at'> & { id: bigint; at: Date })[]>`
        SELECT id, at, kind, target, detail FROM mend
        WHERE (${kind ?? null}::text IS NULL OR kind = ${kind ?? null}::text)
          AND (${before ?? null}::bigint IS NULL OR id < ${before ?? null}::bigint)
        ORDER BY id DESC LIMIT ${limit}::int`
      return rows.map(({ id, at, ...rest }) => ({ id: Number(id), at: at.toISOString(), ...rest }))
    },

    async forget(olderThanDays: number): Promise<void> {
      await db.$executeRaw`DELETE FROM mend WHERE at < clock_timestamp() - make_interval(days => ${olderThanDays}::int)`
    },
  }
}
