// Deletes blobs that nothing has referred to for a while, e.g. those of pruned checkpoints, or of workers that died
// between storing and reporting.
import type { JobContext } from './job-context.ts'

const BATCH = 20

/**
 * Answers how many were deleted. The deletion happens inside the transaction: whoever is about to use such a blob
 * (hasBlob, reports) first puts it off on the list, and so waits until it is certain what became of it.
 */
export async function deleteStaleBlobs({ db, artifacts }: JobContext): Promise<number> {
  return db.transaction(async (tx) => {
    const digests = await tx.staleBlobs.takeUnreferenced(BATCH)
    for (const sha256 of digests) await artifacts.delete(sha256)
    return digests.length
  })
}
