// Events of jobs, numbered per job without gaps: the counter lives on the job's row, so its lock orders the writers.
import type { JobEvent, JobEventBody } from '@stillhouse/spec'
import type { Connection } from '../connection.ts'
import { storableJson } from '../storable.ts'

/** An event whose number was taken from the job's counter in the same transaction. */
export interface NumberedEvent {
  readonly jobId: string
  readonly seq: number
  readonly body: JobEventBody
}

export function createEventRepository(db: Connection) {
  return {
    /** Takes the next numbers of the job and writes the events under them. */
    async append(jobId: string, bodies: readonly JobEventBody[]): Promise<void> {
      if (bodies.length === 0) return
      await db.$executeRaw`
        WITH counter AS (
          UPDATE job SET event_seq = event_seq + ${bodies.length}::int WHERE id = ${jobId}::uuid
          RETURNING event_seq - ${bodies.length}::int AS before
        )
        INSERT INTO job_event (job_id, seq, type, data)
        SELECT ${jobId}::uuid, before + place, body ->> 'type', body -> 'data'
        FROM counter, json_array_elements(${storableJson(bodies)}::json) WITH ORDINALITY AS list(body, place)`
    },

    async insert(events: readonly NumberedEvent[]): Promise<void> {
      await db.$executeRaw`
        INSERT INTO job_event (job_id, seq, type, data)
        SELECT "jobId", seq, body ->> 'type', body -> 'data'
        FROM json_to_recordset(${storableJson(events)}::json) AS event("jobId" uuid, seq int, body json)`
    },

    async list(jobId: string, after: number, limit: number): Promise<JobEvent[]> {
      const rows = await db.$queryRaw<{ seq: number; type: string; data: unknown; at: Date }[]>`
        SELECT seq, type, data, at FROM job_event WHERE job_id = ${jobId}::uuid AND seq > ${after}::bigint
        ORDER BY seq LIMIT ${limit}::int`
      return rows.map(({ seq, type, data, at }) => ({ seq, type, data, at: at.toISOString() }) as JobEvent)
    },
  }
}
