// Turns what a disk says into something an operator can act on.
import { ApiError } from '@stillhouse/kit'

const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: 'is full. Free some space or give it a larger disk, then try again',
  EDQUOT: 'has used up its quota. Free some space or raise the quota, then try again',
  EROFS: 'is mounted read-only. Mount it writable or choose another place',
  EACCES: 'may not be written by this process. Give its user write permission or choose another place',
  EPERM: 'may not be written by this process. Give its user write permission or choose another place',
  ENOTDIR: 'is not a folder. Remove the file that is in the way or choose another place',
  EEXIST: 'is not a folder. Remove the file that is in the way or choose another place',
}

/** The error as ApiError service.unavailable when the disk at `place` is at fault; any other error unchanged. */
export function storageError(error: unknown, place: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const advice = ADVICE[code]
  return advice === undefined
    ? error
    : new ApiError('service.unavailable', `${place} ${advice} (${code}).`, { cause: error })
}
