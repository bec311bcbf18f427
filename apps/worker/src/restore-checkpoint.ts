// Brings the newest checkpoint of a job into the scratch folder. A checkpoint that is gone or damaged is no reason to
// fail: the job starts over and says so.
import type { Claim } from '@stillhouse/spec'
import { describeError, isMissing } from './api-failure.ts'
import type { AttemptRun } from './attempt-run.ts'
import { DamagedFileError, downloadFiles } from './download-files.ts'

/** Folder with the checkpoint's files, or null to start from the beginning. */
export async function restoreCheckpoint(
  { attempt, checkpoint }: Claim,
  { api, batcher, scratch }: Pick<AttemptRun, 'api' | 'batcher' | 'scratch'>,
): Promise<string | null> {
  if (!checkpoint) return null
  try {
    await downloadFiles({ api, files: checkpoint.files, dir: scratch.checkpoint })
    return scratch.checkpoint
  } catch (error) {
    if (!isMissing(error) && !(error instanceof DamagedFileError)) throw error
    const message = `The checkpoint of step ${checkpoint.step} cannot be used, so the job starts over: ${describeError(error)}`
    batcher.addEvent({ type: 'note', data: { attempt, message } })
    return null
  }
}
