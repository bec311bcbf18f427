// How much a data set may take: it is held in memory as a whole, and a worker must say so before it runs out.
import { invalidData } from './invalid-data.ts'

/** Bytes of one file, unpacked: what Node reads at once. */
export const LARGEST_FILE = 2 ** 31 - 1
/** Bytes of all samples of one split in memory. */
export const LARGEST_SPLIT = 2 ** 32

/** Bytes that an archive may unpack to however small it is. */
const FREE = 2 ** 26
/** Times its own size that a larger one may unpack to. Numbers seldom pack that well; archives made to fill a memory do. */
export const LARGEST_RATIO = 250

/** Bytes that `packed` bytes may become. */
export function largestUnpacked(packed: number, limit = LARGEST_FILE): number {
  return Math.min(limit, Math.max(FREE, packed * LARGEST_RATIO))
}

export interface SplitSize {
  /** Where the samples come from, for the error. */
  readonly file: string
  readonly samples: number
  /** Values of one sample. */
  readonly length: number
  readonly bytesPerValue: number
}

/**
 * Refuses a split before its memory is asked for.
 * @throws TrainingError `data.invalid` above the limit
 */
export function requireRoom({ file, samples, length, bytesPerValue }: SplitSize, limit = LARGEST_SPLIT): void {
  const bytes = samples * length * bytesPerValue
  if (bytes <= limit) return
  throw invalidData({
    file,
    problem: 'the samples do not fit into memory, where a set is held as a whole',
    expected: `at most ${limit} bytes of samples`,
    received: `${bytes} bytes: ${samples} samples of ${length} values of ${bytesPerValue} byte(s)`,
  })
}
