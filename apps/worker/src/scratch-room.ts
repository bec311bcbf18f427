// A worker without room on its disk would take one job after another and fail them all: it takes none until there is
// room again.
import { statfs } from 'node:fs/promises'
import type { Logger } from '@stillhouse/kit'
import type { Settings } from './settings.ts'

/** Whether the scratch folder has room for a job. */
export type ScratchRoom = () => Promise<boolean>

export function watchScratchRoom(
  { scratchDir, scratchReserveBytes }: Pick<Settings, 'scratchDir' | 'scratchReserveBytes'>,
  logger: Logger,
): ScratchRoom {
  let enough = true
  return async () => {
    const free = await freeBytes(scratchDir)
    const now = free === null || free >= scratchReserveBytes
    const seen = { scratchDir, freeMiB: free === null ? null : Math.round(free / 2 ** 20) }
    if (enough && !now) logger.warn(seen, 'the disk of the scratch folder is full; no new jobs until it has room')
    if (!enough && now) logger.info(seen, 'the disk of the scratch folder has room again')
    enough = now
    return now
  }
}

/** Null when it cannot be told, e.g. because the folder is not there yet: then nothing is held against it. */
async function freeBytes(folder: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  } catch {
    return null
  }
}
