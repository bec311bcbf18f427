// One table as one file: a block that says what it holds, then the rows. It is written under a temporary name and renamed
// when it is whole, so whoever sees the file sees all of it; the digest tells when the disk has not kept its word.
import { createHash } from 'node:crypto'
import { readSync, writeSync } from 'node:fs'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { bytesOf, type RowLayout, type Rows } from './rows.ts'

/** Bytes before the first row. */
const HEADER = 4096
const MAGIC = 'stillhouse rows 1\n'
/** Bytes that are hashed at a time. */
const CHUNK = 2 ** 22

interface Header extends RowLayout {
  readonly key: string
  readonly sha256: string
}

export function fileBytes(layout: RowLayout): number {
  return HEADER + bytesOf(layout)
}

/** Makes the file at `path` with room for the rows, all zero. */
export async function makeRowFile(path: string, layout: RowLayout): Promise<FileHandle> {
  const file = await open(path, 'wx+')
  try {
    await file.truncate(fileBytes(layout))
    return file
  } catch (error) {
    await file.close()
    await rm(path, { force: true })
    throw error
  }
}

export function writeRows(file: FileHandle, width: number, places: Int32Array, rows: Float32Array): void {
  for (let start = 0; start < places.length; ) {
    const end = endOfRun(places, start)
    const bytes = bytesIn(rows.subarray(start * width, end * width))
    const position = HEADER + (places[start] as number) * width * Float32Array.BYTES_PER_ELEMENT
    for (let done = 0; done < bytes.length; )
      done += writeSync(file.fd, bytes, done, bytes.length - done, position + done)
    start = end
  }
}

/** Where the places after `start` stop following one another: neighbours go in one call. */
function endOfRun(places: Int32Array, start: number): number {
  let end = start + 1
  while (end < places.length && places[end] === (places[end - 1] as number) + 1) end++
  return end
}

/** Signs the file and waits until it is on the disk. */
export async function sealRowFile(file: FileHandle, key: string, layout: RowLayout): Promise<void> {
  const header: Header = { key, ...layout, sha256: await digestOf(file, layout) }
  const block = Buffer.alloc(HEADER)
  block.write(`${MAGIC}${JSON.stringify(header)}\n`)
  await file.write(block, 0, HEADER, 0)
  await file.sync()
}

/** @throws Error saying how the file differs from what is expected under that key */
export async function checkRowFile(file: FileHandle, key: string, layout: RowLayout): Promise<void> {
  const { size } = await file.stat()
  if (size !== fileBytes(layout)) throw new Error(`it has ${size} bytes, expected ${fileBytes(layout)}`)
  const block = Buffer.alloc(HEADER)
  await file.read(block, 0, HEADER, 0)
  const text = block.toString()
  if (!text.startsWith(MAGIC)) throw new Error('it does not begin as a table of rows')
  const header = JSON.parse(text.slice(MAGIC.length, text.indexOf('\n', MAGIC.length))) as Header
  if (header.key !== key || header.count !== layout.count || header.width !== layout.width)
    throw new Error('it holds another table than its name says')
  if (header.sha256 !== (await digestOf(file, layout))) throw new Error('its rows do not have the digest it names')
}

async function digestOf(file: FileHandle, layout: RowLayout): Promise<string> {
  const hash = createHash('sha256')
  const chunk = Buffer.alloc(Math.min(CHUNK, bytesOf(layout)))
  for (let position = HEADER; position < fileBytes(layout); ) {
    const { bytesRead } = await file.read(chunk, 0, chunk.length, position)
    if (bytesRead === 0) throw new Error('it ends before its last row')
    hash.update(chunk.subarray(0, bytesRead))
    position += bytesRead
    await setImmediate()
  }
  return hash.digest('hex')
}

/** Every row at once. */
export async function loadRows(file: FileHandle, layout: RowLayout): Promise<Float32Array> {
  const values = new Float32Array(layout.count * layout.width)
  const bytes = bytesIn(values)
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, HEADER + done)
    if (bytesRead === 0) throw new Error('it ends before its last row')
    done += bytesRead
  }
  return values
}

/** Rows read from the open file when they are asked for. It stays readable when its name is removed. */
export function fileRows(file: FileHandle, width: number): Rows {
  const size = width * Float32Array.BYTES_PER_ELEMENT
  return {
    read: (places, into) => {
      const bytes = bytesIn(into)
      places.forEach((place, i) => {
        for (let done = 0; done < size; ) {
          const count = readSync(file.fd, bytes, i * size + done, size - done, HEADER + place * size + done)
          if (count === 0) throw new Error(`Kept teacher outputs have no row ${place}.`)
          done += count
        }
      })
    },
    close: () => file.close(),
  }
}

function bytesIn(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}
