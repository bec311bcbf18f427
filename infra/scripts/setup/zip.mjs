// Just enough of ZIP to take a few files out of a Python wheel: Node can inflate but not unzip. Wheels are plain ZIP
// files with stored or deflated entries; encryption and multi-disk archives do not occur and are refused.
import { createReadStream, createWriteStream, mkdirSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createInflateRaw } from 'node:zlib'

const END_SIGNATURE = 0x06054b50
const ENTRY_SIGNATURE = 0x02014b50
const END_SIZE = 22
const LOCAL_HEADER_SIZE = 30
const MAX_COMMENT = 65_535

/** @typedef {{name: string, method: number, compressedSize: number, size: number, offset: number, executable: boolean}} ZipEntry */

/**
 * @param {string} path
 * @returns {Promise<ZipEntry[]>} the files in the archive (folders are left out)
 */
export async function readZipEntries(path) {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const tail = await readAt(file, Math.max(0, size - END_SIZE - MAX_COMMENT), Math.min(size, END_SIZE + MAX_COMMENT))
    let at = tail.length - END_SIZE
    while (at >= 0 && tail.readUInt32LE(at) !== END_SIGNATURE) at--
    if (at < 0) throw new Error(`${path} is not a ZIP file, or is cut short`)
    const directory = await readAt(file, tail.readUInt32LE(at + 16), tail.readUInt32LE(at + 12))
    return parseDirectory(directory, tail.readUInt16LE(at + 10)).filter((entry) => !entry.name.endsWith('/'))
  } finally {
    await file.close()
  }
}

/**
 * @param {string} path the archive
 * @param {ZipEntry[]} entries
 * @param {string} folder
 * @param {(bytes: number) => void} [onBytes] called with each number of bytes written
 */
export async function extractZipEntries(path, entries, folder, onBytes = () => {}) {
  const file = await open(path, 'r')
  try {
    for (const entry of entries) await extractEntry({ path, file, entry, folder, onBytes })
  } finally {
    await file.close()
  }
}

/** @param {{path: string, file: import('node:fs/promises').FileHandle, entry: ZipEntry, folder: string, onBytes: (bytes: number) => void}} job */
async function extractEntry({ path, file, entry, folder, onBytes }) {
  const target = join(folder, safeName(entry.name))
  mkdirSync(dirname(target), { recursive: true })
  const header = await readAt(file, entry.offset, LOCAL_HEADER_SIZE)
  const start = entry.offset + LOCAL_HEADER_SIZE + header.readUInt16LE(26) + header.readUInt16LE(28)
  let written = 0
  const count = new Transform({
    transform(chunk, _encoding, done) {
      written += chunk.length
      onBytes(chunk.length)
      done(null, chunk)
    },
  })
  const output = createWriteStream(target, { mode: entry.executable ? 0o755 : 0o644 })
  if (entry.compressedSize === 0) await pipeline([], output)
  else {
    const input = createReadStream(path, { start, end: start + entry.compressedSize - 1, highWaterMark: 1 << 20 })
    if (entry.method === 0) await pipeline(input, count, output)
    else await pipeline(input, createInflateRaw({ chunkSize: 1 << 20 }), count, output)
  }
  if (written !== entry.size) throw new Error(`${entry.name}: ${written} bytes unpacked instead of ${entry.size}`)
}

/**
 * @param {Buffer} directory
 * @param {number} count
 */
function parseDirectory(directory, count) {
  /** @type {ZipEntry[]} */
  const entries = []
  for (let at = 0, i = 0; i < count; i++) {
    if (directory.readUInt32LE(at) !== ENTRY_SIGNATURE) throw new Error(`ZIP directory is damaged at entry ${i}`)
    const method = directory.readUInt16LE(at + 10)
    const nameLength = directory.readUInt16LE(at + 28)
    const name = directory.toString('utf8', at + 46, at + 46 + nameLength)
    const mode = directory.readUInt32LE(at + 38) >>> 16
    const entry = {
      name,
      method,
      compressedSize: directory.readUInt32LE(at + 20),
      size: directory.readUInt32LE(at + 24),
      offset: directory.readUInt32LE(at + 42),
      executable: (mode & 0o111) !== 0,
    }
    if (directory.readUInt16LE(at + 8) & 1) throw new Error(`${name} is encrypted`)
    if (method !== 0 && method !== 8) throw new Error(`${name}: ZIP method ${method} is not supported`)
    if (entry.size === 0xffffffff || entry.offset === 0xffffffff) throw new Error(`${name}: ZIP64 is not supported`)
    entries.push(entry)
    at += 46 + nameLength + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32)
  }
  return entries
}

/** A name must stay below the folder it is unpacked into. @param {string} name */
function safeName(name) {
  const clean = normalize(name)
  if (clean.startsWith('/') || clean.split('/').includes('..')) throw new Error(`unsafe name in ZIP file: ${name}`)
  return clean
}

/**
 * @param {import('node:fs/promises').FileHandle} file
 * @param {number} position
 * @param {number} length
 */
async function readAt(file, position, length) {
  const buffer = Buffer.alloc(length)
  const { bytesRead } = await file.read(buffer, 0, length, position)
  return buffer.subarray(0, bytesRead)
}
