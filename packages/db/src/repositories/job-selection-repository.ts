// Which jobs a call about many of them means, page by page in one direction.
import type { JobState } from '@stillhouse/spec'
import type { Connection } from '../connection.ts'

export interface JobSelection {
  readonly teamId: string
  readonly labels: Readonly<Record<string, string>>
  /** Undefined: all. */
  readonly ids?: readonly string[]
  /** Undefined: all. */
  readonly states?: readonly JobState[]
  /** By id, which is by age: what waits comes after what it waits for. */
  readonly order: 'oldest-first' | 'newest-first'
  readonly limit: number
  /** The last id of the page before. */
  readonly after?: string
}

export function createJobSelectionRepository(db: Connection) {
  return {
    /** Ids of the jobs that meet all of it. */
    async select({ teamId, labels, ids, states, order, limit, after }: JobSelection): Promise<{ id: string }[]> {
      const wanted = Object.keys(labels).length > 0 ? JSON.stringify(labels) : null
      const sign = order === 'oldest-first' ? 1 : -1
      const last = after ?? null
      return db.$queryRaw<{ id: string }[]>`
        SELECT id FROM job
        WHERE team_id = ${teamId}::uuid
          AND (${wanted}::jsonb IS NULL OR labels @> ${wanted}::jsonb)
          AND (${ids ?? null}::uuid[] IS NULL OR id = ANY(${ids ?? null}::uuid[]))
          AND (${states ?? null}::job_state[] IS NULL OR state = ANY(${states ?? null}::job_state[]))
          AND (${last}::uuid IS NULL OR CASE WHEN ${sign}::int > 0 THEN id > ${last}::uuid ELSE id < ${last}::uuid END)
        ORDER BY CASE WHEN ${sign}::int > 0 THEN id END, CASE WHEN ${sign}::int < 0 THEN id END DESC
        LIMIT ${limit}::int`
    },
  }
}
