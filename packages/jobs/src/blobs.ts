// Content by its digest. Asking for a blob, or storing it, also keeps it from being cleaned away.
import type { Readable } from 'node:stream'
import type { JobContext } from './job-context.ts'
import { UNCLAIMED_SECONDS } from './unclaimed-seconds.ts'

export async function hasBlob({ db, artifacts }: JobContext, sha256: string): Promise<boolean> {
  await db.transaction((tx) => tx.staleBlobs.rescue([sha256], UNCLAIMED_SECONDS))
  return artifacts.has(sha256)
}

/**
 * It is listed for cleaning away first: a worker that dies before it reports the blob leaves nothing for good.
 * @throws ApiError blob.digest_mismatch
 */
export async function putBlob({ db, artifacts }: JobContext, sha256: string, content: Readable): Promise<void> {
  await db.transaction((tx) => tx.staleBlobs.mark([sha256], UNCLAIMED_SECONDS))
  await artifacts.put(sha256, content)
}

/** @throws ApiError blob.not_found */
export async function getBlob(
  { artifacts }: JobContext,
  sha256: string,
  range?: { start: number; end: number },
): Promise<{ stream: Readable; size: number }> {
  const size = await artifacts.size(sha256)
  return { stream: await artifacts.get(sha256, range), size }
}
