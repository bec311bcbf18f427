import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { failureOf, temporaryFolder } from './test-support.mjs'
import { extractZipEntries, readZipEntries } from './zip.mjs'

/**
 * @typedef {{name: string, text: string, method?: number, mode?: number, flags?: number, claimedSize?: number}} Member
 * @param {Member[]} members
 */
function zipOf(members) {
  const parts = []
  const directory = []
  let offset = 0
  for (const { name, text, method = 8, mode = 0o644, flags = 0, claimedSize } of members) {
    const data = method === 8 ? deflateRawSync(text) : Buffer.from(text)
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50, 0)
    local.writeUInt16LE(name.length, 26)
    local.writeUInt16LE(4, 28) // an extra field that only the local header has, as real archives do
    const entry = Buffer.alloc(46)
    entry.writeUInt32LE(0x02014b50, 0)
    entry.writeUInt16LE(flags, 8)
    entry.writeUInt16LE(method, 10)
    entry.writeUInt32LE(data.length, 20)
    entry.writeUInt32LE(claimedSize ?? Buffer.byteLength(text), 24)
    entry.writeUInt16LE(name.length, 28)
    entry.writeUInt32LE(((0o100000 | mode) << 16) >>> 0, 38)
    entry.writeUInt32LE(offset, 42)
    parts.push(local, Buffer.from(name), Buffer.alloc(4), data)
    directory.push(entry, Buffer.from(name))
    offset += 34 + name.length + data.length
  }
  const central = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(members.length, 10)
  end.writeUInt32LE(central.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...parts, central, end])
}

/** @param {Member[]} members */
function archive(members) {
  const path = join(temporaryFolder(), 'a.whl')
  writeFileSync(path, zipOf(members))
  return path
}

describe('zip', () => {
  it('takes out deflated, stored and empty files, with their folders and execute permission', async () => {
    const long = 'wheels are zip files\n'.repeat(5000)
    const path = archive([
      { name: 'a/b/long.txt', text: long },
      { name: 'stored.txt', text: 'as it is', method: 0 },
      { name: 'empty/__init__.py', text: '', method: 0 },
      { name: 'bin/tool', text: '#!/bin/sh', mode: 0o755 },
      { name: 'folder/', text: '', method: 0 },
    ])
    const folder = temporaryFolder()
    let bytes = 0
    const entries = await readZipEntries(path)
    await extractZipEntries(path, entries, folder, (count) => (bytes += count))
    expect(entries.map((entry) => entry.name)).not.toContain('folder/')
    expect(readFileSync(join(folder, 'a/b/long.txt'), 'utf8')).toBe(long)
    expect(readFileSync(join(folder, 'stored.txt'), 'utf8')).toBe('as it is')
    expect(statSync(join(folder, 'empty/__init__.py')).size).toBe(0)
    expect(statSync(join(folder, 'bin/tool')).mode & 0o111).toBe(0o111)
    expect(statSync(join(folder, 'stored.txt')).mode & 0o111).toBe(0)
    expect(bytes).toBe(long.length + 'as it is'.length + '#!/bin/sh'.length)
  })

  it.each(['../outside', '/etc/outside', 'a/../../outside'])('does not write to %s', async (name) => {
    const path = archive([{ name, text: 'x' }])
    const entries = await readZipEntries(path)
    expect((await failureOf(() => extractZipEntries(path, entries, temporaryFolder()))).message).toContain(
      'unsafe name',
    )
  })

  it('refuses a file that is cut short', async () => {
    const path = archive([{ name: 'a', text: 'x'.repeat(100) }])
    writeFileSync(path, readFileSync(path).subarray(0, 60))
    expect((await failureOf(() => readZipEntries(path))).message).toContain('cut short')
  })

  it('notices an entry that unpacks to another size than it claims', async () => {
    const path = archive([{ name: 'a', text: 'xyz', claimedSize: 9 }])
    const entries = await readZipEntries(path)
    expect((await failureOf(() => extractZipEntries(path, entries, temporaryFolder()))).message).toContain(
      '3 bytes unpacked instead of 9',
    )
  })

  it.each([
    ['encrypted', { flags: 1 }, 'is encrypted'],
    ['compressed in another way', { method: 12 }, 'method 12 is not supported'],
    ['larger than this format can say', { claimedSize: 0xffffffff }, 'ZIP64'],
  ])('refuses entries that are %s', async (_name, more, message) => {
    const path = archive([{ name: 'a', text: 'x', ...more }])
    expect((await failureOf(() => readZipEntries(path))).message).toContain(message)
  })
})
