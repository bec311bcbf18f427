// A full disk is nobody's bug: it has its own failure code.
import { TrainingError } from '../contracts/training-error.ts'

const FULL = new Set(['ENOSPC', 'EDQUOT'])

/** Runs `write`. @throws TrainingError `resource.disk_full` in place of the system's error */
export async function diskErrors<T>(place: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (cause) {
    if (!FULL.has((cause as NodeJS.ErrnoException).code ?? '')) throw cause
    throw new TrainingError('resource.disk_full', `No space is left for ${place}: ${String(cause)}`, { cause })
  }
}
