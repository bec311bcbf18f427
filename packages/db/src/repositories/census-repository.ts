// What the reconciler compares with the queue and the artifact store: rows in a fixed order, a page at a time, and which of
// the things found outside no row speaks of.
import type { StoredFile } from '@stillhouse/spec'
import type { Connection } from '../connection.ts'
import type { AttemptKey } from './attempt-key.ts'
import { secondsSql } from './job-move.ts'
import type { OutboxRow } from './outbox-repository.ts'
import { referenced } from './referenced.ts'

export interface ArtifactEntry extends AttemptKey {
  readonly path: string
  readonly sha256: string
  readonly size: number
}

export interface CheckpointEntry extends AttemptKey {
  readonly id: number
  readonly stage: string
  readonly step: number
  readonly files: readonly StoredFile[]
}

/** The last row of a page; the next page begins after it. */
export type ArtifactPlace = Pick<ArtifactEntry, 'jobId' | 'path'>

export function createCensusRepository(db: Connection) {
  return {
    /** By job and path. */
    async artifactsAfter({ jobId, path }: ArtifactPlace, limit: number): Promise<ArtifactEntry[]> {
      return db.$queryRaw<ArtifactEntry[]>`
        SELECT job_id AS "jobId", attempt, path, sha256, size::float8 FROM artifact
        WHERE (job_id, path) > (${jobId}::uuid, ${path}) ORDER BY job_id, path LIMIT ${limit}::int`
    },

    /** By id. */
    async checkpointsAfter(id: number, limit: number): Promise<CheckpointEntry[]> {
      return db.$queryRaw<CheckpointEntry[]>`
        SELECT id::float8, job_id AS "jobId", attempt, stage, step::float8, files FROM checkpoint
        WHERE id > ${id}::bigint ORDER BY id LIMIT ${limit}::int`
    },

    /** Those that still stand as they were read and that no mend has told of, their jobs locked. */
    async untoldArtifacts(entries: readonly ArtifactEntry[]): Promise<ArtifactEntry[]> {
      return db.$queryRaw<ArtifactEntry[]>`
        SELECT job_id AS "jobId", artifact.attempt, path, sha256, size::float8 FROM job JOIN artifact ON job_id = job.id
        WHERE (job_id, path, sha256) IN (
          SELECT "jobId", path, sha256 FROM json_to_recordset(${JSON.stringify(entries)}::json)
            AS entry("jobId" uuid, path text, sha256 text))
          AND NOT EXISTS (SELECT 1 FROM mend WHERE kind = 'artifact.missing' AND target = job_id::text
            AND detail ->> 'path' = path AND detail ->> 'sha256' = sha256)
        ORDER BY job_id, path FOR NO KEY UPDATE OF job`
    },

    /** Takes the checkpoint away; false when it was gone before. */
    async dropCheckpoint(id: number): Promise<boolean> {
      return (await db.$executeRaw`DELETE FROM checkpoint WHERE id = ${id}::bigint`) === 1
    },

    /** Those of the blobs that no row names and that are not on the list of stale ones. */
    async unreferenced(digests: readonly string[]): Promise<string[]> {
      const rows = await db.$queryRaw<{ sha256: string }[]>`
        SELECT sha256 FROM unnest(${digests}::text[]) AS blob(sha256)
        WHERE NOT ${referenced('blob')} AND NOT EXISTS (SELECT 1 FROM stale_blob WHERE stale_blob.sha256 = blob.sha256)`
      return rows.map((row) => row.sha256)
    },

    /** Those of the attempts that are not given to this worker (any more) and are not about to leave its queue. */
    async notGivenTo(workerId: string, keys: readonly AttemptKey[]): Promise<(AttemptKey & { known: boolean })[]> {
      return db.$queryRaw<(AttemptKey & { known: boolean })[]>`
        SELECT "jobId", key.attempt, job.id IS NOT NULL AS known
        FROM json_to_recordset(${JSON.stringify(keys)}::json) AS key("jobId" uuid, attempt int)
        LEFT JOIN job ON job.id = key."jobId"
        WHERE NOT coalesce(
          job.state IN ('dispatched', 'running') AND job.attempt = key.attempt AND job.worker_id = ${workerId}::uuid, false)
          AND NOT EXISTS (SELECT 1 FROM outbox WHERE topic = 'queue.remove' AND job_id = key."jobId"
            AND outbox.attempt = key.attempt)
        ORDER BY "jobId", key.attempt`
    },

    /** Makes rows of the outbox that were put off for longer than this due now. */
    async hurryOutbox(longestSeconds: number): Promise<Pick<OutboxRow, 'topic' | 'jobId' | 'attempt' | 'tries'>[]> {
      return db.$queryRaw`UPDATE outbox SET due_at = clock_timestamp()
        WHERE due_at > clock_timestamp() + ${secondsSql(longestSeconds)}
        RETURNING topic, job_id AS "jobId", attempt, tries`
    },
  }
}
