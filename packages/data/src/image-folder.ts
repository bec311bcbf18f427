// Images in folders, one per class, as people collect them.
import { type DataFormat, type SplitName, sharedBytes } from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { arrayDataset, type Samples } from './shared/array-dataset.ts'
import { type DecodeImage, imageDecoder } from './shared/images/image-decoder.ts'
import { inParallel } from './shared/images/in-parallel.ts'
import { type ClassFolder, listImages } from './shared/images/list-images.ts'
import { invalidData } from './shared/invalid-data.ts'
import { requireRoom } from './shared/limits.ts'
import { locate, pathParameter } from './shared/locate.ts'
import { classesParameter, lengthOf } from './shared/shape-parameter.ts'

const Side = Type.Integer({ minimum: 1, maximum: 4096 })

const parameters = Type.Object(
  {
    path: pathParameter('folder with train/<class>/… and test/<class>/…'),
    size: Type.Array(Side, {
      minItems: 2,
      maxItems: 2,
      default: [32, 32],
      description: 'height and width that images are brought to, in pixels',
    }),
    channels: Type.Enum([1, 3], { default: 3, description: '1: grey; 3: red, green and blue' }),
    fit: Type.Enum(['fill', 'cover'], {
      default: 'fill',
      description: 'fill: stretched to the size; cover: as large as it takes to cover it, and the middle of that',
    }),
    classes: classesParameter(10),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/** Images decoded at the same time; each holds one image in full size. */
const LANES = 4

/**
 * Values: [0, 1] (byte / 255). Images are turned upright (EXIF), transparent parts lie on white, hidden files are left
 * out. Classes: the names of the folders, sorted. Order: by class, then by file name.
 */
export const imageFolder: DataFormat = {
  name: 'image-folder',
  title: 'Image folder',
  summary:
    'PNG, JPEG, WebP, GIF, TIFF or AVIF images in train/<class>/ and test/<class>/, brought to one size when the job starts.',
  paper: null,
  tasks: ['classification'],
  parameters,
  needsFiles: true,
  signature: (params) => signatureOf(params as Params),
  async open(params, root) {
    const given = params as Params
    const place = { root, path: given.path }
    const folders = { train: await listImages(place, 'train'), test: await listImages(place, 'test') }
    requireClasses(await locate(place, 'train'), folders.train, given.classes)
    requireSameClasses(await locate(place, 'test'), folders)
    for (const name of ['train', 'test'] as const) requireMemory(await locate(place, name), folders[name], given)
    const [height = 1, width = 1] = given.size
    const decode = await imageDecoder({ height, width, channels: given.channels, fit: given.fit })
    const splits = {
      train: await readSplit(folders.train, decode, given),
      test: await readSplit(folders.test, decode, given),
    }
    return arrayDataset({ signature: signatureOf(given), scale: 1 / 255, splits })
  },
}

function signatureOf({ size, channels, classes }: Params) {
  return { inputShape: [...size, channels], classes }
}

async function readSplit(folders: readonly ClassFolder[], decode: DecodeImage, params: Params): Promise<Samples> {
  const images = folders.flatMap((folder, label) => folder.images.map((file) => ({ file, label })))
  const length = lengthOf(signatureOf(params).inputShape)
  const values = sharedBytes(images.length * length)
  await inParallel(images, LANES, async ({ file }, i) => values.set(await decode(file), i * length))
  return { values, labels: images.map(({ label }) => label) }
}

function requireClasses(file: string, folders: readonly ClassFolder[], classes: number): void {
  if (folders.length === classes) return
  const problem = 'the folder has another number of classes'
  const expected = `${classes} folders, as data.params.classes says`
  throw invalidData({ file, problem, expected, received: `${folders.length}: ${namesOf(folders)}` })
}

function requireSameClasses(file: string, { train, test }: Record<SplitName, readonly ClassFolder[]>): void {
  const same = test.length === train.length && test.every(({ name }, i) => name === train[i]?.name)
  if (same) return
  const problem = 'the test images have other classes than the training images'
  throw invalidData({ file, problem, expected: namesOf(train), received: namesOf(test) })
}

function namesOf(folders: readonly ClassFolder[]): string {
  const names = folders.slice(0, 50).map(({ name }) => name)
  return names.length === 0 ? 'none' : names.join(', ')
}

function requireMemory(file: string, folders: readonly ClassFolder[], params: Params): void {
  const samples = folders.reduce((sum, { images }) => sum + images.length, 0)
  requireRoom({ file, samples, length: lengthOf(signatureOf(params).inputShape), bytesPerValue: 1 })
}
