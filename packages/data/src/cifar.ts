// CIFAR-10 and CIFAR-100 as their authors hand them out: the binary files, with planes of red, green and blue.
import type { DataFormat, Signature, SplitName } from '@stillhouse/engine'
import { sharedBytes } from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { arrayDataset, type Samples } from './shared/array-dataset.ts'
import { invalidData } from './shared/invalid-data.ts'
import { locate, type Place, pathParameter } from './shared/locate.ts'
import { readBytes } from './shared/read-bytes.ts'

const SIDE = 32
const CHANNELS = 3
const PLANE = SIDE * SIDE
const SAMPLE = PLANE * CHANNELS

const parameters = Type.Object(
  {
    path: pathParameter('folder with the binary files, e.g. cifar-10-batches-bin'),
    variant: Type.Enum([10, 100], {
      default: 10,
      description: 'CIFAR-10, or CIFAR-100 with its 100 fine classes',
    }),
    train: Type.Optional(Type.Integer({ minimum: 1, description: 'use only the first so many training images' })),
    test: Type.Optional(Type.Integer({ minimum: 1, description: 'use only the first so many test images' })),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/** Per variant: label bytes before each image (the last one counts) and the names of the files. */
const VARIANTS = {
  10: { labelBytes: 1, train: [1, 2, 3, 4, 5].map((batch) => `data_batch_${batch}.bin`), test: ['test_batch.bin'] },
  100: { labelBytes: 2, train: ['train.bin'], test: ['test.bin'] },
} as const satisfies Record<number, { labelBytes: number } & Record<SplitName, readonly string[]>>

/** Values: colours in [0, 1] (byte / 255), red, green and blue of a pixel side by side. Order: that of the files. */
export const cifar: DataFormat = {
  name: 'cifar',
  title: 'CIFAR-10 and CIFAR-100 (binary files)',
  summary:
    'Colour photographs of 32×32 pixels in 10 or 100 classes, from the binary files of the original archive: 50,000 to train, 10,000 to test.',
  paper: {
    title: 'Learning Multiple Layers of Features from Tiny Images',
    authors: 'Krizhevsky',
    venue: 'Technical report, University of Toronto',
    year: 2009,
  },
  tasks: ['classification'],
  parameters,
  needsFiles: true,
  signature: (params) => signatureOf(params as Params),
  trainSamples: (params) => (params as Params).train ?? null,
  async open(params, root) {
    const given = params as Params
    const place = { root, path: given.path }
    const splits = {
      train: await readSplit(place, given, 'train'),
      test: await readSplit(place, given, 'test'),
    }
    return arrayDataset({ signature: signatureOf(given), scale: 1 / 255, splits })
  },
}

function signatureOf({ variant }: Params): Signature {
  return { inputShape: [SIDE, SIDE, CHANNELS], classes: variant }
}

async function readSplit(place: Place, params: Params, name: SplitName): Promise<Samples> {
  const { variant, [name]: limit = Number.POSITIVE_INFINITY } = params
  const files: Uint8Array[] = []
  let found = 0
  for (const file of VARIANTS[variant][name]) {
    const bytes = await readRecords(await locate(place, file), variant)
    files.push(bytes)
    found += bytes.length / (VARIANTS[variant].labelBytes + SAMPLE)
  }
  return samplesOf(files, Math.min(found, limit), VARIANTS[variant].labelBytes)
}

/** A file of whole records with labels in range. */
async function readRecords(file: string, variant: Params['variant']): Promise<Uint8Array> {
  const bytes = await readBytes(file)
  const { labelBytes } = VARIANTS[variant]
  const record = labelBytes + SAMPLE
  if (bytes.length === 0 || bytes.length % record !== 0) {
    const expected = `one or more records of ${record} bytes (CIFAR-${variant}: ${labelBytes} label, ${SAMPLE} image)`
    const problem = 'the file is truncated or not of this variant'
    throw invalidData({ file, problem, expected, received: `${bytes.length} bytes` })
  }
  for (let at = labelBytes - 1, image = 0; at < bytes.length; at += record, image++) {
    if ((bytes[at] as number) < variant) continue
    const problem = `the label of image ${image} is out of range`
    throw invalidData({ file, problem, expected: `0 to ${variant - 1}`, received: String(bytes[at]) })
  }
  return bytes
}

function samplesOf(files: readonly Uint8Array[], size: number, labelBytes: number): Samples {
  const values = sharedBytes(size * SAMPLE)
  const labels = new Uint8Array(size)
  let sample = 0
  for (const bytes of files) {
    for (let at = labelBytes; at < bytes.length && sample < size; at += labelBytes + SAMPLE, sample++) {
      labels[sample] = bytes[at - 1] as number
      interleave(bytes.subarray(at, at + SAMPLE), values.subarray(sample * SAMPLE, (sample + 1) * SAMPLE))
    }
  }
  return { values, labels }
}

/** Planes of channels to channels of pixels. */
function interleave(planes: Uint8Array, pixels: Uint8Array): void {
  for (let channel = 0; channel < CHANNELS; channel++)
    for (let pixel = 0; pixel < PLANE; pixel++)
      pixels[pixel * CHANNELS + channel] = planes[channel * PLANE + pixel] as number
}
