// Arrays saved by NumPy: one .npz archive, or a folder of .npy files.
import { readdir, stat } from 'node:fs/promises'
import type { DataFormat, Signature, SplitName } from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { arrayDataset, type Samples } from './shared/array-dataset.ts'
import { invalidData } from './shared/invalid-data.ts'
import { requireRoom } from './shared/limits.ts'
import { locate, type Place, pathParameter } from './shared/locate.ts'
import { type Npy, npyValues, parseNpy } from './shared/parse-npy.ts'
import { readBytes } from './shared/read-bytes.ts'
import { readZip } from './shared/read-zip.ts'
import { classesParameter, lengthOf, shapeParameter } from './shared/shape-parameter.ts'
import { trainLabelsParameter, unlabelled, withoutLabels } from './shared/train-labels.ts'

function arrayName(name: string) {
  return Type.String({
    pattern: '^[^\\u0000]{1,255}$',
    patternErrorMessage: 'the name of an array',
    default: name,
    description: 'name of the array, with or without .npy',
  })
}

function arraysParameter(split: SplitName) {
  return Type.Object(
    { x: arrayName(`x_${split}`), y: arrayName(`y_${split}`) },
    {
      additionalProperties: false,
      default: { x: `x_${split}`, y: `y_${split}` },
      description: `names of the ${split} arrays: x holds samples [N, …shape], y their classes [N]`,
    },
  )
}

const parameters = Type.Object(
  {
    path: pathParameter('an .npz archive, or a folder with one or with .npy files'),
    train: arraysParameter('train'),
    test: arraysParameter('test'),
    shape: shapeParameter([28, 28, 1], 'shape of one sample; axes of size 1 may be missing in the arrays'),
    classes: classesParameter(10),
    trainLabels: trainLabelsParameter('`train.y` is not read'),
    scale: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        description: 'what values are multiplied by; default: 1/255 for arrays of bytes (uint8), else 1',
      }),
    ),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/** An array by its name in the parameters. */
type ReadArray = (name: string) => Promise<Npy>

/** Values: float32, or bytes as they are, times `scale`. Order: that of the arrays. */
export const npz: DataFormat = {
  name: 'npz',
  title: 'NumPy arrays (npz, npy)',
  summary:
    'Samples and classes in NumPy arrays, in one .npz archive or in .npy files: floats, integers or bytes of any shape.',
  paper: null,
  tasks: ['classification'],
  parameters,
  needsFiles: true,
  signature: (params) => signatureOf(params as Params),
  async open(params, root) {
    const given = params as Params
    const read = await arrays({ root, path: given.path })
    const train = await readSplit(read, given, 'train')
    const test = await readSplit(read, given, 'test')
    if (train.scale !== test.scale) throw unlike(train, test)
    return arrayDataset({ signature: signatureOf(given), scale: train.scale, splits: { train, test } })
  },
}

function signatureOf({ shape, classes, trainLabels }: Params): Signature {
  return { inputShape: shape, classes, ...withoutLabels(trainLabels) }
}

async function arrays(place: Place): Promise<ReadArray> {
  const archive = await archiveOf(place)
  const member = (name: string) => (name.endsWith('.npy') ? name : `${name}.npy`)
  if (archive === null) {
    return async (name) => {
      const file = await locate(place, member(name))
      return parseNpy(await readBytes(file), file)
    }
  }
  const zip = await readZip(await readBytes(archive), archive)
  return async (name) => parseNpy(await zip.read(member(name)), `${archive} (${member(name)})`)
}

/** The archive that the path names, or the only one in its folder; null for a folder of arrays. */
async function archiveOf(place: Place): Promise<string | null> {
  const there = await locate(place)
  const found = await stat(there).catch(() => null)
  if (found?.isDirectory() !== true) return there
  const names = await readdir(there)
  const archives = names.filter((name) => name.endsWith('.npz') && !name.startsWith('.'))
  const [only] = archives
  return only === undefined || archives.length > 1 || names.some((name) => name.endsWith('.npy'))
    ? null
    : await locate(place, only)
}

interface ScaledSamples extends Samples {
  readonly file: string
  readonly scale: number
}

async function readSplit(read: ReadArray, params: Params, name: SplitName): Promise<ScaledSamples> {
  const x = await read(params[name].x)
  requireShape(x, params.shape)
  const [samples = 0] = x.shape
  const length = lengthOf(params.shape)
  requireRoom({ file: x.file, samples, length, bytesPerValue: Float32Array.BYTES_PER_ELEMENT })
  const labels =
    name === 'train' && params.trainLabels === false
      ? unlabelled(samples)
      : labelsOf(await read(params[name].y), samples, params.classes)
  return { file: x.file, values: npyValues(x), labels, scale: params.scale ?? (x.type === 'u1' ? 1 / 255 : 1) }
}

function requireShape({ file, shape }: Npy, wanted: readonly number[]): void {
  const [samples = 0, ...sample] = shape
  const long = (axes: readonly number[]) => axes.filter((axis) => axis !== 1).join('×')
  if (samples > 0 && long(sample) === long(wanted)) return
  const expected = `[N, ${wanted.join(', ')}] with at least one sample, as data.params.shape says`
  const problem = 'the array of samples has another shape'
  throw invalidData({ file, problem, expected, received: `[${shape.join(', ')}]` })
}

/** Whole numbers of any type, [N] or [N, 1]. */
function labelsOf({ file, shape, at }: Npy, samples: number, classes: number): Int32Array {
  if (shape[0] !== samples || lengthOf(shape) !== samples) {
    const problem = 'samples and classes do not match'
    const expected = `[${samples}], one class per sample`
    throw invalidData({ file, problem, expected, received: `[${shape.join(', ')}]` })
  }
  const labels = Int32Array.from({ length: samples }, (_, i) => at(i))
  const bad = labels.findIndex((label, i) => label !== at(i) || label < 0 || label >= classes)
  if (bad < 0) return labels
  const problem = `the class of sample ${bad} is out of range`
  const expected = `a whole number from 0 to ${classes - 1}, as data.params.classes says`
  throw invalidData({ file, problem, expected, received: String(at(bad)) })
}

function unlike(train: ScaledSamples, test: ScaledSamples) {
  const problem = 'the arrays of training and test samples have types that are scaled differently'
  const expected = `samples to be multiplied by ${train.scale}, as those of ${train.file}, or data.params.scale`
  return invalidData({ file: test.file, problem, expected, received: `${test.scale}` })
}
