import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { mnist } from './mnist.ts'
import { samplesOf } from './testing/samples-of.ts'

const folders: string[] = []
let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'stillhouse-mnist-'))
  folders.push(folder)
})
afterAll(async () => {
  for (const one of folders) await rm(one, { recursive: true })
})

function idx(shape: readonly number[], values: Uint8Array): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length)
  header.writeUInt32BE((0x08 << 8) | shape.length)
  for (const [axis, size] of shape.entries()) header.writeUInt32BE(size, 4 + 4 * axis)
  return Buffer.concat([header, values])
}

/** Image `i` has value `i` everywhere, and label `i`. */
function images(count: number): Buffer {
  return idx(
    [count, 28, 28],
    Uint8Array.from({ length: count * 784 }, (_, at) => Math.floor(at / 784)),
  )
}
function labels(count: number): Buffer {
  return idx(
    [count],
    Uint8Array.from({ length: count }, (_, i) => i),
  )
}

/** Writes a small whole set, some of its files replaced. */
async function write(replaced: Record<string, Buffer> = {}): Promise<void> {
  const files = {
    'train-images-idx3-ubyte': images(5),
    'train-labels-idx1-ubyte': labels(5),
    't10k-images-idx3-ubyte': images(3),
    't10k-labels-idx1-ubyte': labels(3),
    ...replaced,
  }
  for (const [name, bytes] of Object.entries(files)) await writeFile(path.join(folder, name), bytes)
}

const open = (params: object = {}) => mnist.open({ path: folder, ...params }, null)

describe('mnist reads the real set that ships with it', () => {
  it('with 60,000 and 10,000 digits, in the order of its files', async () => {
    const { splits, signature } = await mnist.open({}, null)
    expect(signature).toEqual({ inputShape: [28, 28, 1], classes: 10 })
    expect([splits.train.size, splits.test.size]).toEqual([60_000, 10_000])
    // the well-known first labels of both files
    expect([...splits.train.labels.slice(0, 10)]).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4])
    expect([...splits.test.labels.slice(0, 10)]).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9])
  })

  it('with the mean and deviation that the literature gives, 0.1307 and 0.3081', async () => {
    const { train } = (await mnist.open({}, null)).splits
    const values = samplesOf(train)
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
    expect(mean).toBeCloseTo(0.1307, 4)
    expect(Math.sqrt(variance)).toBeCloseTo(0.3081, 4)
  })
})

describe('mnist reads a folder', () => {
  it('scaled to [0, 1], any sample by its index', async () => {
    await write()
    const { train } = (await open()).splits
    const into = samplesOf(train, [4, 1])
    expect(into[0]).toBe(Math.fround(4 / 255))
    expect(into[783]).toBe(Math.fround(4 / 255))
    expect(into[784]).toBe(Math.fround(1 / 255))
  })

  it('the same whether its files are packed or not, under either spelling of their names', async () => {
    await write()
    const plain = await open()
    await rm(path.join(folder, 'train-images-idx3-ubyte'))
    await rm(path.join(folder, 't10k-labels-idx1-ubyte'))
    await writeFile(path.join(folder, 'train-images-idx3-ubyte.gz'), gzipSync(images(5)))
    await writeFile(path.join(folder, 't10k-labels.idx1-ubyte'), labels(3))
    expect((await open()).digest).toBe(plain.digest)
  })

  it('up to the limits it is given, which its digest covers', async () => {
    await write()
    const whole = await open()
    const part = await open({ train: 2, test: 1 })
    expect([part.splits.train.size, part.splits.test.size]).toEqual([2, 1])
    expect(part.digest).not.toBe(whole.digest)
    expect((await open({ train: 500 })).digest).toBe(whole.digest)
  })

  it('with another digest when one pixel or one label is another', async () => {
    await write()
    const { digest } = await open()
    const pixel = images(3)
    pixel[pixel.length - 1] = 99
    await write({ 't10k-images-idx3-ubyte': pixel })
    const changed = (await open()).digest
    await write({ 't10k-labels-idx1-ubyte': idx([3], Uint8Array.of(0, 1, 1)) })
    expect(new Set([digest, changed, (await open()).digest]).size).toBe(3)
  })

  it('that data.from brought, by itself or below it', async () => {
    await write()
    const { digest } = await open()
    expect((await mnist.open({}, folder)).digest).toBe(digest)
    expect((await mnist.open({ path: path.basename(folder) }, path.dirname(folder))).digest).toBe(digest)
  })
})

describe('mnist refuses a damaged set, naming file, expected and received', () => {
  it.each([
    [
      'a truncated file of images',
      { 'train-images-idx3-ubyte': images(5).subarray(0, 1000) },
      'train-images-idx3-ubyte: the file is truncated. Expected 3936 bytes for 5×28×28 values, received 1000 bytes.',
    ],
    [
      'a file that ends in its header',
      { 't10k-images-idx3-ubyte': images(3).subarray(0, 9) },
      't10k-images-idx3-ubyte: the file is truncated. Expected a header of 16 bytes, received 9 bytes.',
    ],
    [
      'a file with something behind its end',
      { 'train-labels-idx1-ubyte': Buffer.concat([labels(5), Buffer.alloc(1)]) },
      'longer than its header says. Expected 13 bytes for 5 values, received 14 bytes.',
    ],
    [
      'labels in place of images',
      { 'train-images-idx3-ubyte': Buffer.concat([labels(5), Buffer.alloc(8)]) },
      'Expected magic number 0x00000803, received 0x00000801.',
    ],
    [
      'images of another size',
      { 'train-images-idx3-ubyte': idx([5, 28, 27], new Uint8Array(5 * 28 * 27)) },
      'the images have another size. Expected 28×28 pixels, received 28×27.',
    ],
    [
      'fewer labels than images',
      { 't10k-labels-idx1-ubyte': labels(2) },
      'images and labels do not match. Expected 3 labels, one per image, received 2 labels.',
    ],
    [
      'no images at all',
      { 't10k-images-idx3-ubyte': images(0), 't10k-labels-idx1-ubyte': labels(0) },
      'Expected at least one image',
    ],
    [
      'a label that is no digit',
      { 'train-labels-idx1-ubyte': idx([5], Uint8Array.of(0, 1, 10, 3, 4)) },
      'label 2 is out of range. Expected 0 to 9, received 10.',
    ],
    [
      'a truncated archive',
      { 'train-images-idx3-ubyte': gzipSync(images(5)).subarray(0, 40) },
      'the archive is damaged or truncated',
    ],
  ])('%s', async (_what, replaced, message) => {
    await write(replaced)
    await expect(open()).rejects.toMatchObject({
      code: 'data.invalid',
      message: expect.stringContaining(message),
    })
  })

  it('a folder that lacks a file, or is not there', async () => {
    await write()
    await rm(path.join(folder, 't10k-labels-idx1-ubyte'))
    await expect(open()).rejects.toMatchObject({
      code: 'data.not_found',
      message: expect.stringContaining('t10k-labels-idx1-ubyte or t10k-labels-idx1-ubyte.gz'),
    })
    await expect(mnist.open({ path: path.join(folder, 'nowhere') }, null)).rejects.toMatchObject({
      code: 'data.not_found',
    })
  })
})
