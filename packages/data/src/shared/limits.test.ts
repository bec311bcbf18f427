import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LARGEST_SPLIT, requireRoom } from './limits.ts'
import { readBytes } from './read-bytes.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'stillhouse-limits-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('a set that does not fit into memory', () => {
  it('is refused by the size of its samples', () => {
    const size = { file: 'x.npz', samples: 1000, length: 10, bytesPerValue: 4 }
    expect(() => requireRoom(size)).not.toThrow()
    expect(() => requireRoom(size, 40_000)).not.toThrow()
    expect(() => requireRoom({ ...size, samples: LARGEST_SPLIT })).toThrow(`Expected at most ${LARGEST_SPLIT} bytes`)
    expect(() => requireRoom(size, 39_999)).toThrow(
      'x.npz: the samples do not fit into memory, where a set is held as a whole. Expected at most 39999 bytes of samples, received 40000 bytes: 1000 samples of 10 values of 4 byte(s).',
    )
  })

  it('is refused by the size of its file, before it is read', async () => {
    const file = path.join(folder, 'large')
    await writeFile(file, Buffer.alloc(100))
    expect(await readBytes(file, 100)).toHaveLength(100)
    await expect(readBytes(file, 99)).rejects.toMatchObject({
      code: 'data.invalid',
      message: `${file}: the file is too large. Expected at most 99 bytes, unpacked, received 100 bytes.`,
    })
  })

  it('is refused when a small archive holds too much', async () => {
    const file = path.join(folder, 'bomb.gz')
    await writeFile(file, gzipSync(Buffer.alloc(100_000)))
    expect(await readBytes(file, 100_000)).toHaveLength(100_000)
    await expect(readBytes(file, 99_999)).rejects.toMatchObject({
      code: 'data.invalid',
      message: expect.stringContaining(
        'too large. Expected at most 99999 bytes, unpacked, received an archive of more',
      ),
    })
  })
})
