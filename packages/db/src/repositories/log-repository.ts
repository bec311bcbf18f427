// Log lines of jobs, numbered per job in the order of their arrival.
import type { LogLine, Report } from '@stillhouse/spec'
import type { Connection } from '../connection.ts'
import { storableJson } from '../storable.ts'
import type { AttemptKey } from './attempt-key.ts'

export function createLogRepository(db: Connection) {
  return {
    async append({ jobId, attempt }: AttemptKey, lines: Report['logs']): Promise<void> {
      if (lines.length === 0) return
      await db.$executeRaw`
        WITH counter AS (
          UPDATE job SET log_seq = log_seq + ${lines.length}::int WHERE id = ${jobId}::uuid
          RETURNING log_seq - ${lines.length}::int AS before
        )
        INSERT INTO log_line (job_id, seq, attempt, at, level, message)
        SELECT ${jobId}::uuid, before + place, ${attempt}::int, (line ->> 'at')::timestamptz, line ->> 'level',
          line ->> 'message'
        FROM counter, json_array_elements(${storableJson(lines)}::json) WITH ORDINALITY AS list(line, place)`
    },

    async list(jobId: string, after: number, limit: number): Promise<LogLine[]> {
      const rows = await db.$queryRaw<(Omit<LogLine, 'at'> & { at: Date })[]>`
        SELECT seq, attempt, at, level, message FROM log_line
        WHERE job_id = ${jobId}::uuid AND seq > ${after}::bigint ORDER BY seq LIMIT ${limit}::int`
      return rows.map((row) => ({ ...row, at: row.at.toISOString() }))
    },
  }
}
