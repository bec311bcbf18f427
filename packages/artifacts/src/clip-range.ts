// One meaning of a byte range for every store.
import { ApiError } from '@stillhouse/kit'
import type { ByteRange } from './artifact-store.ts'

/** The part of `range` that lies inside `size` bytes. @throws ApiError artifact.range_not_satisfiable when it is empty */
export function clipRange({ start, end }: ByteRange, size: number): ByteRange {
  if (Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start <= end && start < size)
    return { start, end: Math.min(end, size - 1) }
  throw new ApiError(
    'artifact.range_not_satisfiable',
    `Bytes ${start}-${end} were asked for, but the content has ${size} byte(s), numbered from 0.`,
  )
}
