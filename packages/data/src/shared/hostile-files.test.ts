// Data files made to harm whoever reads them. Each is refused as a fault of the data, before it costs much.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { npz } from '../npz.ts'
import { npyFile } from '../testing/write-npy.ts'
import { zipFile } from '../testing/write-zip.ts'
import { imageDecoder } from './images/image-decoder.ts'
import { parseNpy } from './parse-npy.ts'
import { readBytes } from './read-bytes.ts'
import { readZip } from './read-zip.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'stillhouse-hostile-'))
})
afterAll(() => rm(folder, { recursive: true }))

const MIB = 2 ** 20
const array = npyFile({ descr: '|u1', shape: [4], body: Buffer.from([1, 2, 3, 4]) })
/** Offsets in a member's header in the central directory. */
const AT = { madeBy: 4, flags: 8, uncompressed: 24, attributes: 38, name: 46 }

/** The archive with the central header of its first member changed. */
function patched(zip: Buffer, patch: (header: Buffer) => void): Buffer {
  const copy = Buffer.from(zip)
  patch(copy.subarray(copy.indexOf('PK\u0001\u0002', 0, 'latin1')))
  return copy
}

async function memoryOf(action: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage().arrayBuffers
  await action()
  return process.memoryUsage().arrayBuffers - before
}

describe('an archive is refused', () => {
  it.each(['../x.npy', '/etc/x.npy', 'a/../../x.npy', 'a\\..\\..\\x.npy', 'C:/x.npy'])(
    'when a member is called %s',
    async (name) => {
      await expect(readZip(zipFile({ [name]: array }, 'stored'), 'set.npz')).rejects.toMatchObject({
        code: 'data.invalid',
        message: expect.stringMatching(/^set\.npz: .*(relative path|absolute path|characters in fileName)/),
      })
    },
  )

  it('when a member is a link', async () => {
    const zip = patched(zipFile({ 'x.npy': Buffer.from('/etc/passwd') }, 'stored'), (header) => {
      header.writeUInt16LE((3 << 8) | 20, AT.madeBy)
      header.writeUInt32LE((0o120777 << 16) >>> 0, AT.attributes)
    })
    await expect(readZip(zip, 'set.npz')).rejects.toMatchObject({
      code: 'data.invalid',
      message: expect.stringMatching(
        /^set\.npz: x\.npy is not as .* Expected plain files, each once, received a link\.$/,
      ),
    })
  })

  it('when a member is encrypted', async () => {
    const zip = patched(zipFile({ 'x.npy': array }, 'deflate'), (header) => header.writeUInt16LE(1, AT.flags))
    await expect(readZip(zip, 'set.npz')).rejects.toThrow('received an encrypted member')
  })

  it('when it has two members of one name, of which readers may take either', async () => {
    const zip = zipFile({ 'x.npy': array, 'y.npy': array }, 'stored')
    const twice = patched(zip, (header) => header.write('y.npy', AT.name))
    await expect(readZip(twice, 'set.npz')).rejects.toThrow('received it twice')
  })

  it('when it has very many members', async () => {
    const many = Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [`${i}.npy`, Buffer.alloc(0)]))
    await expect(readZip(zipFile(many, 'stored'), 'set.npz')).rejects.toThrow('Expected at most 10000, received 10001')
  })

  it('when a member unpacks to a thousand times its size, before it is unpacked', async () => {
    const bomb = zipFile({ 'x.npy': Buffer.alloc(65 * MIB) }, 'deflate')
    expect(bomb.length).toBeLessThan(MIB)
    const zip = await readZip(bomb, 'set.npz')
    const taken = await memoryOf(() =>
      expect(zip.read('x.npy')).rejects.toMatchObject({
        code: 'data.invalid',
        message: expect.stringMatching(
          /^set\.npz: x\.npy unpacks to suspiciously much\. Expected at most 250 times the \d+ bytes that it has in the archive, received 68157440 bytes\.$/,
        ),
      }),
    )
    expect(taken).toBeLessThan(MIB)
  })

  it('when a member says that it unpacks to gigabytes', async () => {
    const zip = patched(zipFile({ 'x.npy': array }, 'deflate'), (header) =>
      header.writeUInt32LE(0xf0000000, AT.uncompressed),
    )
    await expect((await readZip(zip, 'set.npz')).read('x.npy')).rejects.toThrow('x.npy is too large')
  })

  it('when a member unpacks to more than it says', async () => {
    const zip = patched(zipFile({ 'x.npy': Buffer.alloc(8 * MIB) }, 'deflate'), (header) =>
      header.writeUInt32LE(100, AT.uncompressed),
    )
    await expect((await readZip(zip, 'set.npz')).read('x.npy')).rejects.toMatchObject({
      code: 'data.invalid',
      message: expect.stringContaining('too many bytes in the stream'),
    })
  })

  it('as a data set too', async () => {
    const root = path.join(folder, 'set')
    await mkdir(root)
    await writeFile(path.join(root, 'set.npz'), zipFile({ '../x_train.npy': array }, 'stored'))
    const params = { shape: [1], classes: 2, train: { x: 'x_train', y: 'y_train' }, test: { x: 'x_test', y: 'y_test' } }
    await expect(npz.open({ ...params, trainLabels: true }, root)).rejects.toMatchObject({ code: 'data.invalid' })
  })
})

it('an archive of zeros that is not large is read, however well it is packed', async () => {
  const zip = await readZip(zipFile({ 'x.npy': Buffer.alloc(MIB) }, 'deflate'), 'set.npz')
  expect(await zip.read('x.npy')).toHaveLength(MIB)
})

it('a gzipped file that unpacks to a thousand times its size is not unpacked any further', async () => {
  const file = path.join(folder, 'bomb.csv.gz')
  await writeFile(file, gzipSync(Buffer.alloc(65 * MIB)))
  await expect(readBytes(file)).rejects.toMatchObject({
    code: 'data.invalid',
    message: `${file}: the archive unpacks to suspiciously much. Expected at most 250 times its size (67108864 bytes), received more.`,
  })
})

it('an array whose header says that it is gigabytes long is refused by its length', () => {
  const bytes = Buffer.alloc(100_000, ' ')
  bytes.write('\u0093NUMPY\u0002\u0000', 'latin1')
  bytes.writeUInt32LE(90_000, 8)
  expect(() => parseNpy(bytes, 'x.npy')).toThrow('Expected a header of at most 65536 bytes, received 90012 bytes')
})

describe('an image', () => {
  const SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'

  it('that is a document under another name is not rendered', async () => {
    const file = path.join(folder, 'document.png')
    await writeFile(file, SVG)
    const decode = await imageDecoder({ height: 4, width: 4, channels: 3, fit: 'fill' })
    await expect(decode(file)).rejects.toMatchObject({
      code: 'data.invalid',
      message: expect.stringContaining('unsupported image format'),
    })
  })

  it('of each format that sets may hold is still read', async () => {
    const decode = await imageDecoder({ height: 4, width: 4, channels: 3, fit: 'fill' })
    const { default: sharp } = await import('sharp')
    const pixels = Buffer.alloc(48, 200)
    for (const format of ['png', 'jpeg', 'webp', 'gif', 'tiff', 'avif'] as const) {
      const file = path.join(folder, `image.${format}`)
      await writeFile(
        file,
        await sharp({ create: { width: 4, height: 4, channels: 3, background: '#c8c8c8' } })
          [format]()
          .toBuffer(),
      )
      const decoded = await decode(file)
      expect(decoded).toHaveLength(pixels.length)
      expect(Math.max(...decoded.map((value, i) => Math.abs(value - (pixels[i] ?? 0))))).toBeLessThan(6)
    }
  })
})
