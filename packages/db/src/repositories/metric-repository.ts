// Metric points, numbered by the trainer. A resumed attempt repeats numbers, so writing is an upsert.
import type { MetricPoint } from '@stillhouse/spec'
import type { Connection } from '../connection.ts'
import { Prisma } from '../generated/client.ts'
import { storableJson } from '../storable.ts'
import type { AttemptKey } from './attempt-key.ts'

export function createMetricRepository(db: Connection) {
  return {
    /** One statement for any number of points. Of points with the same number in one call the last one counts. */
    async upsert({ jobId, attempt }: AttemptKey, points: readonly MetricPoint[]): Promise<void> {
      if (points.length === 0) return
      const unique = [...new Map(points.map((point) => [point.seq, point])).values()]
      await db.$executeRaw`
        INSERT INTO metric (job_id, attempt, seq, name, stage, step, epoch, value)
        SELECT ${jobId}::uuid, ${attempt}::int, seq, name, stage, step, epoch, value
        FROM json_to_recordset(${storableJson(unique)}::json)
          AS point(seq bigint, name text, stage text, step bigint, epoch float8, value float8)
        ON CONFLICT (job_id, seq) DO UPDATE SET attempt = excluded.attempt, name = excluded.name,
          stage = excluded.stage, step = excluded.step, epoch = excluded.epoch, value = excluded.value`
    },

    /** Deletes points numbered beyond `lastSeq`: left over from an attempt that got further before it was lost. */
    async trim(jobId: string, lastSeq: number): Promise<void> {
      await db.$executeRaw`DELETE FROM metric WHERE job_id = ${jobId}::uuid AND seq > ${lastSeq}::bigint`
    },

    async list(jobId: string, page: { after: number; limit: number; name?: string }): Promise<MetricPoint[]> {
      const name = page.name === undefined ? Prisma.empty : Prisma.sql`AND name = ${page.name}`
      return db.$queryRaw<MetricPoint[]>`
        SELECT seq::float8, name, stage, step::float8, epoch, value FROM metric
        WHERE job_id = ${jobId}::uuid AND seq > ${page.after}::bigint ${name}
        ORDER BY metric.seq LIMIT ${page.limit}::int`
    },
  }
}
