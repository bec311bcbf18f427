// Artifacts of jobs: names for blobs. A later attempt replaces what an earlier one stored under the same path.
import type { Artifact, ArtifactReport, StoredFile } from '@stillhouse/spec'
import type { Connection } from '../connection.ts'
import type { Artifact as Stored } from '../generated/client.ts'
import type { AttemptKey } from './attempt-key.ts'

export function createArtifactRepository(db: Connection) {
  return {
    /** Writes the rows and answers which of them are new or changed; a repetition answers none. */
    async upsert(key: AttemptKey, kind: ArtifactReport['kind'], files: readonly StoredFile[]): Promise<StoredFile[]> {
      const rows = await db.$queryRaw<{ path: string }[]>`
        INSERT INTO artifact (job_id, path, kind, sha256, size, content_type, attempt)
        SELECT ${key.jobId}::uuid, path, ${kind}, sha256, size, "contentType", ${key.attempt}::int
        FROM json_to_recordset(${JSON.stringify(lastOfEachPath(files))}::json)
          AS file(path text, sha256 text, size bigint, "contentType" text)
        ON CONFLICT (job_id, path) DO UPDATE SET kind = excluded.kind, sha256 = excluded.sha256, size = excluded.size,
          content_type = excluded.content_type, attempt = excluded.attempt, created_at = clock_timestamp()
        WHERE (artifact.kind, artifact.sha256, artifact.attempt) <> (excluded.kind, excluded.sha256, excluded.attempt)
        RETURNING path`
      const changed = new Set(rows.map((row) => row.path))
      return lastOfEachPath(files).filter((file) => changed.has(file.path))
    },

    /** sha256 of what lies under these paths now. */
    async digestsAt(jobId: string, paths: readonly string[]): Promise<string[]> {
      const rows = await db.artifact.findMany({ where: { jobId, path: { in: [...paths] } }, select: { sha256: true } })
      return rows.map((row) => row.sha256)
    },

    async list(jobId: string, kind?: Artifact['kind']): Promise<Artifact[]> {
      const rows = await db.artifact.findMany({ where: { jobId, ...(kind && { kind }) }, orderBy: { path: 'asc' } })
      return rows.map(artifactOf)
    },

    async find(jobId: string, path: string): Promise<Artifact | null> {
      const row = await db.artifact.findUnique({ where: { jobId_path: { jobId, path } } })
      return row && artifactOf(row)
    },
  }
}

function lastOfEachPath(files: readonly StoredFile[]): StoredFile[] {
  return [...new Map(files.map((file) => [file.path, file])).values()]
}

function artifactOf(row: Stored): Artifact {
  return {
    path: row.path,
    kind: row.kind as Artifact['kind'],
    sha256: row.sha256,
    size: Number(row.size),
    contentType: row.contentType,
    attempt: row.attempt,
    createdAt: row.createdAt.toISOString(),
  }
}
