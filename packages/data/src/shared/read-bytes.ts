// Reads a whole data file, compressed or not, with errors that name it.
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { TrainingError } from '@stillhouse/engine'
import { invalidData } from './invalid-data.ts'

/** No format here has larger files; a small archive must not fill the memory. */
const LARGEST = 2 ** 30

/**
 * The bytes of `file`; a gzip archive, known by its first two bytes, is unpacked.
 * @throws TrainingError `data.not_found` when the file cannot be read, `data.invalid` when the archive is damaged
 */
export async function readBytes(file: string): Promise<Uint8Array> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === 'ENOENT' ? 'there is no such file' : `the file cannot be read (${error.code})`
    throw new TrainingError('data.not_found', `${file}: ${reason} on this worker.`, { cause: error })
  })
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes
  return await promisify(gunzip)(bytes, { maxOutputLength: LARGEST }).catch((error: Error) => {
    const problem = 'the archive is damaged or truncated'
    throw invalidData({ file, problem, expected: 'a whole gzip archive', received: error.message }, error)
  })
}
