// Which reports of an attempt were already taken in.
import type { Connection } from '../connection.ts'
import type { AttemptKey } from './attempt-key.ts'

export function createReportBatchRepository(db: Connection) {
  return {
    /** Notes the batch; false when it was noted before. */
    async record({ jobId, attempt }: AttemptKey, batch: number): Promise<boolean> {
      const written = await db.$executeRaw`INSERT INTO report_batch (job_id, attempt, batch)
        VALUES (${jobId}::uuid, ${attempt}::int, ${batch}::bigint) ON CONFLICT DO NOTHING`
      return written === 1
    },

    /** Forgets the batches of attempts that may no longer report. */
    async forget(jobIds: readonly string[]): Promise<void> {
      await db.$executeRaw`DELETE FROM report_batch WHERE job_id = ANY(${jobIds}::uuid[])`
    },
  }
}
