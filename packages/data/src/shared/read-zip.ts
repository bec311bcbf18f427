// Members of a zip archive by name, each checked against the size and the checksum that the archive keeps of it. Nothing
// is unpacked to the disk, and what an archive of arrays has no need of is refused before anything is unpacked at all.
import { crc32 } from 'node:zlib'
import { TrainingError } from '@stillhouse/engine'
import { type Entry, fromBufferPromise, type ZipFile } from 'yauzl'
import { invalidData } from './invalid-data.ts'
import { LARGEST_FILE, LARGEST_RATIO, largestUnpacked } from './limits.ts'

/** More arrays than any data set has; only a few of them are read. */
const MOST_MEMBERS = 10_000
/** Kind of a file in the upper half of its attributes, where the archive was made on a Unix system. */
const [KIND, LINK, UNIX] = [0o170000, 0o120000, 3]

export interface Zip {
  readonly names: readonly string[]
  /** @throws TrainingError `data.invalid` when the member is damaged, too large, or not there */
  read(name: string): Promise<Uint8Array>
}

/**
 * @param bytes the whole archive
 * @param file its name, for errors
 * @throws TrainingError `data.invalid` when it is no whole zip archive
 */
export async function readZip(bytes: Uint8Array, file: string): Promise<Zip> {
  const damaged = (error: Error) => {
    const problem = 'the archive is damaged or truncated'
    return invalidData({ file, problem, expected: 'a whole zip archive', received: error.message }, error)
  }
  const entries = new Map<string, Entry>()
  let zip: ZipFile
  try {
    zip = await fromBufferPromise(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    if (zip.entryCount > MOST_MEMBERS) throw tooManyMembers(file, zip.entryCount)
    for await (const entry of zip.eachEntry()) {
      requirePlain(file, entry, entries)
      entries.set(entry.fileName, entry)
    }
  } catch (error) {
    throw error instanceof TrainingError ? error : damaged(error as Error)
  }
  return {
    names: [...entries.keys()],
    async read(name) {
      const entry = entries.get(name)
      if (entry === undefined) throw missing(file, name, [...entries.keys()])
      requireSize(file, entry)
      const content = await contentOf(zip, entry).catch((error: Error) => {
        throw damaged(error)
      })
      if (crc32(content) === entry.crc32) return content
      throw damaged(new Error(`${name} with another checksum than the archive gives`))
    },
  }
}

/** The reader refuses members that are shorter or longer than the archive says. */
async function contentOf(zip: ZipFile, entry: Entry): Promise<Uint8Array> {
  const content = new Uint8Array(entry.uncompressedSize)
  let at = 0
  for await (const chunk of await zip.openReadStreamPromise(entry)) {
    content.set(chunk as Uint8Array, at)
    at += (chunk as Uint8Array).length
  }
  return content
}

function missing(file: string, name: string, names: readonly string[]) {
  const received = names.length === 0 ? 'an empty archive' : names.slice(0, 20).join(', ')
  return invalidData({ file, problem: 'the archive lacks an array', expected: name, received })
}

function requireSize(file: string, { fileName, compressedSize, uncompressedSize }: Entry): void {
  const received = `${uncompressedSize} bytes`
  if (uncompressedSize > LARGEST_FILE)
    throw invalidData({
      file,
      problem: `${fileName} is too large`,
      expected: `at most ${LARGEST_FILE} bytes`,
      received,
    })
  if (uncompressedSize <= largestUnpacked(compressedSize)) return
  const problem = `${fileName} unpacks to suspiciously much`
  const expected = `at most ${LARGEST_RATIO} times the ${compressedSize} bytes that it has in the archive`
  throw invalidData({ file, problem, expected, received })
}

/** The reader itself refuses names that are absolute, lead upwards or hold a backslash. */
function requirePlain(file: string, entry: Entry, known: ReadonlyMap<string, Entry>): void {
  const { fileName, versionMadeBy, externalFileAttributes } = entry
  const isLink = versionMadeBy >>> 8 === UNIX && ((externalFileAttributes >>> 16) & KIND) === LINK
  const strange = isLink
    ? 'a link'
    : entry.isEncrypted()
      ? 'an encrypted member'
      : known.has(fileName)
        ? 'it twice'
        : null
  if (strange === null) return
  const problem = `${fileName} is not as a member of an archive of arrays should be`
  throw invalidData({ file, problem, expected: 'plain files, each once', received: strange })
}

function tooManyMembers(file: string, count: number): TrainingError {
  const problem = 'the archive has too many members'
  return invalidData({ file, problem, expected: `at most ${MOST_MEMBERS}`, received: String(count) })
}
