// Notes a stored checkpoint. The newest two are kept: should the last one prove unreadable there is another.
import type { CheckpointReport } from '@stillhouse/spec'
import type { JobContext } from './job-context.ts'
import type { AttemptRef } from './job-service.ts'
import { assertStored } from './missing-files.ts'
import { lockOwnAttempt } from './own-attempt.ts'

const KEPT = 2

/** @throws ApiError job.not_found, attempt.stale, blob.not_found */
export async function saveCheckpoint(
  context: JobContext,
  ref: AttemptRef,
  checkpoint: CheckpointReport,
): Promise<void> {
  await assertStored(context, checkpoint.files)
  await context.db.transaction(async (tx) => {
    await lockOwnAttempt(tx, ref)
    if (!(await tx.checkpoints.insert(ref, checkpoint))) return
    await tx.staleBlobs.mark(await tx.checkpoints.prune(ref.jobId, KEPT), context.settings.staleBlobSeconds)
    const { stage, step } = checkpoint
    await tx.events.append(ref.jobId, [{ type: 'checkpoint', data: { attempt: ref.attempt, stage, step } }])
    await tx.signals.jobs([ref.jobId])
  })
}
