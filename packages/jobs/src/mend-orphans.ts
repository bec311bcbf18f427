// Files in the store that nothing in the database names: left by uploads that were never reported or never finished.
import type { NewMend } from '@stillhouse/db'
import type { JobContext } from './job-context.ts'
import { type MendOptions, mend } from './mend.ts'
import type { Step } from './walk-step.ts'

const BLOBS = 500

/**
 * Marks them as stale; they are deleted later, unless something refers to them by then.
 * @param after sha256 of the last blob
 */
export async function walkBlobs(context: JobContext, after: string, options: MendOptions): Promise<Step> {
  const { artifacts, settings } = context
  const blobs = await artifacts.list(after, BLOBS)
  const newest = Date.now() - settings.orphanSeconds * 1000
  const old = new Map(blobs.filter(({ storedAt }) => storedAt.getTime() <= newest).map((blob) => [blob.sha256, blob]))
  const mending = mend(context, options, async (tx) => {
    const orphans = await tx.census.unreferenced([...old.keys()])
    // somebody may be about to send the same content again, and report it only when all its files are there
    await tx.staleBlobs.mark(orphans, Math.max(settings.staleBlobSeconds, settings.orphanSeconds))
    return orphans.map((sha256): NewMend => {
      const { size, storedAt } = old.get(sha256) ?? {}
      return { kind: 'blob.orphaned', target: sha256, detail: { size, storedAt } }
    })
  })
  return { found: await mending, walked: blobs.length, last: (blobs.length === BLOBS && blobs.at(-1)?.sha256) || null }
}

/** All at once: there is one per upload that was cut off. */
export async function walkLeftovers(context: JobContext, _after: string, options: MendOptions): Promise<Step> {
  const names = await context.artifacts.leftovers()
  const found = await mend(context, options, async () => {
    if (!options.dryRun) for (const name of names) await context.artifacts.removeLeftover(name)
    return names.map((name): NewMend => ({ kind: 'upload.abandoned', target: name, detail: {} }))
  })
  return { found, walked: names.length, last: null }
}
