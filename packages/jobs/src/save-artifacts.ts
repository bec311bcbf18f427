// Notes stored artifacts. A later attempt replaces what an earlier one left under the same path.
import type { ArtifactReport, JobEventBody } from '@stillhouse/spec'
import type { JobContext } from './job-context.ts'
import type { AttemptRef } from './job-service.ts'
import { assertStored } from './missing-files.ts'
import { lockOwnAttempt } from './own-attempt.ts'

/** @throws ApiError job.not_found, attempt.stale, blob.not_found */
export async function saveArtifacts(
  context: JobContext,
  ref: AttemptRef,
  { kind, files }: ArtifactReport,
): Promise<void> {
  await assertStored(context, files)
  await context.db.transaction(async (tx) => {
    await lockOwnAttempt(tx, ref)
    const paths = files.map((file) => file.path)
    await tx.staleBlobs.mark(await tx.artifacts.digestsAt(ref.jobId, paths), context.settings.staleBlobSeconds)
    const changed = await tx.artifacts.upsert(ref, kind, files)
    if (changed.length === 0) return
    await tx.events.append(
      ref.jobId,
      changed.map(({ path, sha256, size }): JobEventBody => {
        return { type: 'artifact', data: { attempt: ref.attempt, path, sha256, size } }
      }),
    )
    await tx.signals.jobs([ref.jobId])
  })
}
