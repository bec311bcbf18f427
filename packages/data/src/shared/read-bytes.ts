// Reads a whole data file, compressed or not, with errors that name it.
import { readFile, stat } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { TrainingError } from '@stillhouse/engine'
import { invalidData } from './invalid-data.ts'
import { LARGEST_FILE, LARGEST_RATIO, largestUnpacked } from './limits.ts'

/**
 * The bytes of `file`; a gzip archive, known by its first two bytes, is unpacked.
 * @param limit bytes that it may have, as it is and unpacked
 * @throws TrainingError `data.not_found` when the file cannot be read, `data.invalid` when it is too large or the archive
 * is damaged
 */
export async function readBytes(file: string, limit = LARGEST_FILE): Promise<Uint8Array> {
  const { size } = await stat(file).catch((error: NodeJS.ErrnoException) => {
    throw unreadable(file, error)
  })
  if (size > limit) throw tooLarge(file, limit, `${size} bytes`)
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw unreadable(file, error)
  })
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes
  const most = largestUnpacked(bytes.length, limit)
  return await promisify(gunzip)(bytes, { maxOutputLength: most }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ERR_BUFFER_TOO_LARGE')
      throw most < limit ? swollen(file, most) : tooLarge(file, limit, 'an archive of more')
    const problem = 'the archive is damaged or truncated'
    throw invalidData({ file, problem, expected: 'a whole gzip archive', received: error.message }, error)
  })
}

function unreadable(file: string, error: NodeJS.ErrnoException): TrainingError {
  const reason = error.code === 'ENOENT' ? 'there is no such file' : `the file cannot be read (${error.code})`
  return new TrainingError('data.not_found', `${file}: ${reason} on this worker.`, { cause: error })
}

function swollen(file: string, most: number): TrainingError {
  const problem = 'the archive unpacks to suspiciously much'
  const expected = `at most ${LARGEST_RATIO} times its size (${most} bytes)`
  return invalidData({ file, problem, expected, received: 'more' })
}

function tooLarge(file: string, limit: number, received: string): TrainingError {
  return invalidData({ file, problem: 'the file is too large', expected: `at most ${limit} bytes, unpacked`, received })
}
