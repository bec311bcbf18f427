// Carries blobs from one store to another. What is there is not sent again, so the second backup costs what is new.
import type { ArtifactStore } from '@stillhouse/artifacts'
import { ApiError } from '@stillhouse/kit'

export interface CopiedBlobs {
  /** Blobs that the other store lacked. */
  readonly copied: number
  /** sha256 of those that the first store does not have, or holds damaged. */
  readonly missing: readonly string[]
}

const AT_ONCE = 8
/** One blob that is gone is no reason to do without all others. */
const LOST: readonly string[] = ['blob.not_found', 'blob.digest_mismatch']

export async function copyBlobs(
  batches: AsyncIterable<readonly string[]>,
  from: ArtifactStore,
  to: ArtifactStore,
): Promise<CopiedBlobs> {
  let copied = 0
  const missing: string[] = []
  const carry = async (sha256: string): Promise<void> => {
    if (await to.has(sha256)) return
    try {
      await to.put(sha256, await from.get(sha256))
      copied += 1
    } catch (error) {
      if (!(error instanceof ApiError && LOST.includes(error.code))) throw error
      missing.push(sha256)
    }
  }
  for await (const batch of batches)
    for (let start = 0; start < batch.length; start += AT_ONCE)
      await Promise.all(batch.slice(start, start + AT_ONCE).map(carry))
  return { copied, missing }
}
