// Brings the newest checkpoint of a job into the scratch folder, or the one before when that is gone or damaged. When
// neither can be used that is no reason to fail: the job starts over. Either way it says so.
import type { Claim, StoredCheckpoint } from '@stillhouse/spec'
import { describeError, isMissing } from './api-failure.ts'
import type { AttemptRun } from './attempt-run.ts'
import { DamagedFileError, downloadFiles } from './download-files.ts'

/** Folder with the checkpoint's files, or null to start from the beginning. */
export async function restoreCheckpoint(
  { attempt, checkpoint, fallback }: Claim,
  { api, batcher, scratch }: Pick<AttemptRun, 'api' | 'batcher' | 'scratch'>,
): Promise<string | null> {
  const candidates = [checkpoint, fallback].filter((one) => one !== null)
  for (const [i, candidate] of candidates.entries()) {
    const fault = await bring(candidate, { api, dir: scratch.checkpoint })
    if (fault === null) return scratch.checkpoint
    const instead = i + 1 < candidates.length ? 'the one before is taken' : 'the job starts over'
    const message = `The checkpoint of step ${candidate.step} cannot be used, so ${instead}: ${fault}`
    batcher.addEvent({ type: 'note', data: { attempt, message } })
  }
  return null
}

/** @returns what is wrong with the files, or null when all are there */
async function bring(
  { files }: StoredCheckpoint,
  { api, dir }: { readonly api: AttemptRun['api']; readonly dir: string },
): Promise<string | null> {
  try {
    await downloadFiles({ api, files, dir })
    return null
  } catch (error) {
    if (!isMissing(error) && !(error instanceof DamagedFileError)) throw error
    return describeError(error)
  }
}
