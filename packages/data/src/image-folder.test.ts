import { cp, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import sharp, { type Sharp } from 'sharp'
import { Value } from 'typebox/value'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { imageFolder } from './image-folder.ts'
import { imageDecoder } from './shared/images/image-decoder.ts'
import { samplesOf } from './testing/samples-of.ts'

const folders: string[] = []
let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'stillhouse-images-'))
  folders.push(folder)
})
afterAll(async () => {
  for (const one of folders) await rm(one, { recursive: true })
})

/** A picture of single pixels, rows from the top; each pixel [r, g, b] or [r, g, b, alpha]. */
function picture(rows: readonly (readonly (readonly number[])[])[]): Sharp {
  const [first = []] = rows
  const channels = (first[0]?.length ?? 3) as 3 | 4
  return sharp(Uint8Array.from(rows.flat(2)), { raw: { width: first.length, height: rows.length, channels } })
}

const plain = (r: number, g: number, b: number) => picture([[[r, g, b]]]).png()

async function put(name: string, image: Sharp): Promise<void> {
  await mkdir(path.dirname(path.join(folder, name)), { recursive: true })
  await image.toFile(path.join(folder, name))
}

/** Two classes of one image per split. */
async function small(): Promise<void> {
  await put('train/a/1.png', plain(255, 0, 0))
  await put('train/b/1.png', plain(0, 255, 0))
  await put('test/a/1.png', plain(0, 0, 255))
  await put('test/b/1.png', plain(51, 102, 153))
}

const open = (params: object = {}) =>
  imageFolder.open(Value.Default(imageFolder.parameters, { size: [1, 1], classes: 2, ...params }), folder)
const train = async (params: object = {}) => (await open(params)).splits.train

/** Bytes of the image, alone in its class. */
async function decoded(name: string, image: Sharp, params: object = {}): Promise<number[]> {
  await small()
  await rm(path.join(folder, 'train/a/1.png'))
  await put(`train/a/${name}`, image)
  const { values, size } = await train(params)
  return [...values.subarray(0, values.length / size)]
}

describe('image-folder reads', () => {
  it('one class per folder, classes and files sorted by name', async () => {
    await small()
    await put('train/b/0.png', plain(0, 128, 0))
    await put('train/B/x.png', plain(9, 9, 9))
    await put('test/B/x.png', plain(9, 9, 9))
    const { splits, signature } = await open({ classes: 3 })
    expect(signature).toEqual({ inputShape: [1, 1, 3], classes: 3 })
    expect([...splits.train.labels]).toEqual([0, 1, 2, 2])
    expect([...splits.train.values]).toEqual([9, 9, 9, 255, 0, 0, 0, 128, 0, 0, 255, 0])
    expect([...samplesOf(splits.test, [2])]).toEqual([0.2, 0.4, 0.6].map(Math.fround))
  })

  it('rows from the top and pixels from the left, channels side by side', async () => {
    const rows = [
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      [
        [7, 8, 9],
        [10, 11, 12],
      ],
      [
        [13, 14, 15],
        [16, 17, 18],
      ],
    ]
    expect(await decoded('1.png', picture(rows).png(), { size: [3, 2] })).toEqual(rows.flat(2))
  })

  it.each([
    ['jpg', (image: Sharp) => image.jpeg({ quality: 100 })],
    ['JPEG', (image: Sharp) => image.jpeg({ quality: 100 })],
    ['webp', (image: Sharp) => image.webp({ lossless: true })],
    ['gif', (image: Sharp) => image.gif()],
    ['tiff', (image: Sharp) => image.tiff()],
  ])('%s files', async (ending, encode) => {
    const bytes = await decoded('x.png', plain(200, 100, 50))
    expect(bytes).toEqual([200, 100, 50])
    await rm(path.join(folder, 'train/a/x.png'))
    await writeFile(path.join(folder, `train/a/x.${ending}`), await encode(plain(200, 100, 50)).toBuffer())
    for (const [i, value] of (await train()).values.subarray(0, 3).entries())
      expect(Math.abs(value - (bytes[i] ?? 0))).toBeLessThanOrEqual(4)
  })

  it('images turned upright as EXIF says', async () => {
    const [dark, light] = [
      [0, 0, 0],
      [255, 255, 255],
    ]
    // orientation 6: the camera was turned; shown upright, the left end is at the top
    const turned = picture([[light, light, dark, dark]].map((row) => row.map((pixel) => pixel ?? []))).withMetadata({
      orientation: 6,
    })
    expect(await decoded('1.png', turned.png(), { size: [4, 1], channels: 1 })).toEqual([255, 255, 0, 0])
  })

  it('transparent parts as white', async () => {
    const image = picture([
      [
        [255, 0, 0, 255],
        [255, 0, 0, 0],
      ],
    ]).png()
    expect(await decoded('1.png', image, { size: [1, 2] })).toEqual([255, 0, 0, 255, 255, 255])
  })

  it('grey images as colour, and colour images as grey', async () => {
    const grey = plain(77, 77, 77).toColourspace('b-w')
    expect(await decoded('1.png', grey)).toEqual([77, 77, 77])
    expect(await train({ channels: 1 })).toMatchObject({ size: 2 })
    expect([...(await train({ channels: 1 })).values.subarray(0, 1)]).toEqual([77])
    const [green = 0] = (await train({ channels: 1 })).values.subarray(1)
    expect(green).toBeGreaterThan(150)
    expect(green).toBeLessThan(255)
  })

  it('images of any size, stretched or cut to the middle', async () => {
    const stripes = picture([[0, 0, 255, 255, 255, 255, 0, 0].map((value) => [value, value, value])]).resize(8, 4, {
      kernel: 'nearest',
      fit: 'fill',
    })
    const light = async (fit: string) => {
      const bytes = await decoded('1.png', stripes.clone().png(), { size: [4, 4], channels: 1, fit })
      return bytes.slice(4, 8).map((value) => value > 200)
    }
    expect(await light('fill')).toEqual([false, true, true, false])
    expect(await light('cover')).toEqual([true, true, true, true])
  })

  it('nothing that is hidden or left behind by an operating system', async () => {
    await small()
    const { digest } = await open()
    await mkdir(path.join(folder, 'train/.git'))
    await mkdir(path.join(folder, 'train/__MACOSX'))
    for (const name of ['train/.DS_Store', 'train/a/._1.png', 'test/b/Thumbs.db'])
      await writeFile(path.join(folder, name), 'x')
    expect((await open()).digest).toBe(digest)
  })

  it('more images than are decoded at a time, each in its place', async () => {
    await small()
    for (let i = 10; i < 40; i++) await put(`train/b/${i}.png`, plain(i, 2 * i, 3 * i))
    const { values } = await train()
    for (let i = 10; i < 40; i++) expect([...values.slice(3 * (i - 8), 3 * (i - 7))]).toEqual([i, 2 * i, 3 * i])
  })
})

describe('the digest of an image folder', () => {
  it('covers pixels, classes and size, and not where the folder is or how files are packed', async () => {
    await small()
    const { digest } = await open()
    const copy = path.join(folder, 'copy')
    await cp(path.join(folder, 'train'), path.join(copy, 'train'), { recursive: true })
    await cp(path.join(folder, 'test'), path.join(copy, 'test'), { recursive: true })
    expect((await open({ path: 'copy' })).digest).toBe(digest)
    expect((await open({ size: [2, 2] })).digest).not.toBe(digest)
    await put('test/b/1.png', plain(51, 102, 154))
    expect((await open()).digest).not.toBe(digest)
  })
})

describe('image-folder refuses', () => {
  const refused = async (message: string, params: object = {}) =>
    expect(open(params)).rejects.toMatchObject({ code: 'data.invalid', message: expect.stringContaining(message) })

  it('another number of classes than the job says, naming them', async () => {
    await small()
    await refused('Expected 3 folders, as data.params.classes says, received 2: a, b.', { classes: 3 })
  })

  it('test images of other classes', async () => {
    await small()
    await rename(path.join(folder, 'test/b'), path.join(folder, 'test/c'))
    await refused('the test images have other classes than the training images. Expected a, b, received a, c.')
  })

  it('a class without images', async () => {
    await small()
    await rm(path.join(folder, 'test/b/1.png'))
    await refused(`${path.join(folder, 'test/b')}: the class has no images. Expected at least one, received none.`)
  })

  it('files that are no images, and folders within classes', async () => {
    await small()
    await writeFile(path.join(folder, 'train/a/notes.txt'), 'x')
    await refused('Expected images (.png, .jpg')
    await rm(path.join(folder, 'train/a/notes.txt'))
    await mkdir(path.join(folder, 'train/a/more.png'))
    await refused('more.png: this does not belong into a folder of images. Expected images, received a folder.')
    await rm(path.join(folder, 'train/a/more.png'), { recursive: true })
    await writeFile(path.join(folder, 'train/1.png'), 'x')
    await refused('Expected one folder per class, received a file.')
  })

  it('a damaged image, naming it', async () => {
    await small()
    await writeFile(path.join(folder, 'train/b/1.png'), 'this is no image')
    await refused(`${path.join(folder, 'train/b/1.png')}: the image is damaged`)
  })

  it('a link that leads out of the files of data.from', async () => {
    await small()
    await symlink(path.join(tmpdir()), path.join(folder, 'train/c'))
    await refused('stays inside its folder, also behind symbolic links')
    await rm(path.join(folder, 'train/c'))
    await symlink('/etc/hostname', path.join(folder, 'train/a/2.png'))
    await refused('stays inside its folder, also behind symbolic links')
  })

  it('an image with more pixels than it decodes', async () => {
    await put('train/a/1.png', picture([[1, 2, 3, 4].map((value) => [value, value, value])]).png())
    const file = path.join(folder, 'train/a/1.png')
    const pixels = { height: 1, width: 1, channels: 3, fit: 'fill' } as const
    expect(await (await imageDecoder(pixels, 4))(file)).toHaveLength(3)
    await expect((await imageDecoder(pixels, 3))(file)).rejects.toMatchObject({
      code: 'data.invalid',
      message: expect.stringContaining('Expected a whole image of at most 3 pixels'),
    })
  })

  it('a folder without test images', async () => {
    await small()
    await rm(path.join(folder, 'test'), { recursive: true })
    await expect(open()).rejects.toMatchObject({
      code: 'data.not_found',
      message: expect.stringContaining('test: there is no such folder'),
    })
  })
})
