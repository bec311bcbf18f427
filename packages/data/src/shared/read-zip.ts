// Members of a zip archive by name, each checked against the size and the checksum that the archive keeps of it.
import { crc32 } from 'node:zlib'
import { type Entry, fromBufferPromise, type ZipFile } from 'yauzl'
import { invalidData } from './invalid-data.ts'
import { LARGEST_FILE } from './limits.ts'

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
    for await (const entry of zip.eachEntry()) entries.set(entry.fileName, entry)
  } catch (error) {
    throw damaged(error as Error)
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

function requireSize(file: string, { fileName, uncompressedSize }: Entry): void {
  if (uncompressedSize <= LARGEST_FILE) return
  const problem = `${fileName} is too large`
  throw invalidData({ file, problem, expected: `at most ${LARGEST_FILE} bytes`, received: `${uncompressedSize} bytes` })
}
