// Rows may only name blobs that are there: every report of files is checked against the store first.
import type { ArtifactStore } from '@stillhouse/artifacts'
import { ApiError } from '@stillhouse/kit'
import type { DatasetFile } from '@stillhouse/spec'
import type { JobContext } from './job-context.ts'
import { UNCLAIMED_SECONDS } from './unclaimed-seconds.ts'

const AT_ONCE = 16

/** Those of the files whose blob is not in the store, or has another size than announced. */
export async function missingFiles<T extends DatasetFile>(files: readonly T[], artifacts: ArtifactStore): Promise<T[]> {
  const missing: T[] = []
  for (let start = 0; start < files.length; start += AT_ONCE) {
    const batch = files.slice(start, start + AT_ONCE)
    const there = await Promise.all(batch.map((file) => isThere(file, artifacts)))
    missing.push(...batch.filter((_, index) => !there[index]))
  }
  return missing
}

async function isThere({ sha256, size }: DatasetFile, artifacts: ArtifactStore): Promise<boolean> {
  try {
    return (await artifacts.size(sha256)) === size
  } catch (error) {
    if (error instanceof ApiError && error.code === 'blob.not_found') return false
    throw error
  }
}

/**
 * Makes sure that the files may be named in a row: their blobs are there and are not about to be cleaned away.
 * @throws ApiError blob.not_found naming the first file that is not
 */
export async function assertStored({ db, artifacts }: JobContext, files: readonly DatasetFile[]): Promise<void> {
  const digests = files.map((file) => file.sha256)
  await db.transaction((tx) => tx.staleBlobs.rescue(digests, UNCLAIMED_SECONDS))
  const [first, ...others] = await missingFiles(files, artifacts)
  if (!first) return
  const more = others.length > 0 ? ` and ${others.length} more` : ''
  throw new ApiError(
    'blob.not_found',
    `The bytes of ${first.path} (sha256 ${first.sha256}, ${first.size} bytes)${more} are not in the store. ` +
      `Upload them with PUT /v1/blobs/${first.sha256} first, then report again.`,
  )
}
