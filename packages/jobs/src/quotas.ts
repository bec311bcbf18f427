// What a team may send. Checked in the transaction that adds to it, with the team locked, so that two at once cannot
// both be the last.
import type { Tables, TeamRow } from '@stillhouse/db'
import { ApiError } from '@stillhouse/kit'

/**
 * Call this before the job is written, and what it answers after, when the job counts among those that wait.
 * @throws ApiError quota.artifact_bytes, quota.jobs_queued
 */
export async function boundQueue(tx: Tables, teamId: string): Promise<() => Promise<void>> {
  const team = await tx.teams.lockIfBounded(teamId)
  return async () => {
    if (team) await assertWithin(tx, team)
  }
}

/** What is not bounded is not counted. */
async function assertWithin(tx: Tables, { id, name, quotas }: TeamRow): Promise<void> {
  const { maxQueued, maxArtifactBytes } = quotas
  const queued = maxQueued === null ? 0 : await tx.teams.queued(id)
  if (maxQueued !== null && queued > maxQueued)
    throw new ApiError(
      'quota.jobs_queued',
      `The team "${name}" has ${queued - 1} waiting jobs and may have ${maxQueued}. Wait until one of them starts, ` +
        'cancel one that is not needed, or ask an administrator for a higher maxQueued.',
    )
  const bytes = maxArtifactBytes === null ? 0 : await tx.teams.artifactBytes(id)
  if (maxArtifactBytes !== null && bytes > maxArtifactBytes)
    throw new ApiError(
      'quota.artifact_bytes',
      `The artifacts of the team "${name}" have ${bytes} bytes and may have ${maxArtifactBytes}. Nothing is deleted ` +
        'by itself: ask an administrator for a higher maxArtifactBytes.',
    )
}
