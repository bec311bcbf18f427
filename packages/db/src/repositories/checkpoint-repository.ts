// Checkpoints of jobs, newest first. Only the newest few are kept: they are large and come often.
import type { StoredCheckpoint, StoredFile } from '@stillhouse/spec'
import type { Connection } from '../connection.ts'
import { storableText } from '../storable.ts'
import type { AttemptKey } from './attempt-key.ts'

export function createCheckpointRepository(db: Connection) {
  return {
    /** Writes the checkpoint; false when this attempt already announced one for the same stage and step. */
    async insert({ jobId, attempt }: AttemptKey, checkpoint: StoredCheckpoint): Promise<boolean> {
      const { stage, step, metricSeq, files } = checkpoint
      const written = await db.$executeRaw`
        INSERT INTO checkpoint (job_id, attempt, stage, step, metric_seq, files)
        VALUES (${jobId}::uuid, ${attempt}::int, ${storableText(stage)}, ${step}::bigint, ${metricSeq}::bigint,
          ${JSON.stringify(files)}::jsonb)
        ON CONFLICT DO NOTHING`
      return written === 1
    },

    /** Newest first. */
    async list(jobId: string): Promise<StoredCheckpoint[]> {
      const rows = await db.checkpoint.findMany({ where: { jobId }, orderBy: { id: 'desc' } })
      return rows.map((row) => ({
        stage: row.stage,
        step: Number(row.step),
        metricSeq: Number(row.metricSeq),
        files: row.files as unknown as StoredFile[],
      }))
    },

    /** The files of the newest one, with the attempt that wrote them and when. */
    async newestFiles(jobId: string): Promise<{ attempt: number; createdAt: Date; files: StoredFile[] } | null> {
      const row = await db.checkpoint.findFirst({ where: { jobId }, orderBy: { id: 'desc' } })
      return row && { attempt: row.attempt, createdAt: row.createdAt, files: row.files as unknown as StoredFile[] }
    },

    /** Deletes all but the newest `keep`, and answers the sha256 of the files they named. */
    async prune(jobId: string, keep: number): Promise<string[]> {
      const rows = await db.$queryRaw<{ files: StoredFile[] }[]>`
        DELETE FROM checkpoint WHERE id IN (
          SELECT id FROM checkpoint WHERE job_id = ${jobId}::uuid ORDER BY id DESC OFFSET ${keep}::int
        ) RETURNING files`
      return rows.flatMap((row) => row.files.map((file) => file.sha256))
    },
  }
}
