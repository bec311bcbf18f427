// Tables as text: one sample per line, one column with its class.
import { type DataFormat, permutation, randomKey, type Signature } from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { arrayDataset } from './shared/array-dataset.ts'
import { labelsOf, learnClasses } from './shared/csv/class-labels.ts'
import type { ColumnChoice } from './shared/csv/columns.ts'
import { type Encoding, encode, learnEncoding, type Rows } from './shared/csv/encoding.ts'
import { readTable, type Table } from './shared/csv/read-table.ts'
import { invalidData } from './shared/invalid-data.ts'
import { fileNameParameter, locate, pathParameter } from './shared/locate.ts'
import { classesParameter, lengthOf, shapeParameter } from './shared/shape-parameter.ts'
import { trainLabelsParameter, unlabelled, withoutLabels } from './shared/train-labels.ts'

const Column = Type.Union([Type.Integer({ minimum: -1, maximum: 1_000_000 }), Type.String({ maxLength: 1000 })], {
  description: 'name in the header, or number from 0; −1 is the last one',
})

const parameters = Type.Object(
  {
    path: pathParameter('folder with the files'),
    train: fileNameParameter('file with the training samples, gzipped or not', 'train.csv'),
    test: fileNameParameter('file with the test samples; not read when testShare is given', 'test.csv'),
    testShare: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        exclusiveMaximum: 1,
        description: 'share of the lines of `train`, drawn by `seed`, that are the test samples',
      }),
    ),
    seed: Type.Integer({ minimum: 0, maximum: 2_147_483_647, default: 0, description: 'draws the lines of testShare' }),
    header: Type.Boolean({ default: true, description: 'the first line of a file names its columns' }),
    delimiter: Type.String({ minLength: 1, maxLength: 1, default: ',', description: 'what separates fields' }),
    label: Type.Union([...Column.anyOf], {
      default: 'label',
      description: 'column with the class: its name in the header, or its number from 0; −1 is the last one',
    }),
    features: Type.Optional(
      Type.Array(Column, { minItems: 1, maxItems: 100_000, description: 'columns to use; default: all but the label' }),
    ),
    categorical: Type.Array(Column, {
      maxItems: 10_000,
      default: [],
      description: 'features that are no numbers: one value per category of the training samples, 0 or 1',
    }),
    missing: Type.Enum(['refuse', 'mean', 'zero'], {
      default: 'refuse',
      description:
        'what takes the place of empty fields, NA, NaN, null and ?: the mean of the training samples, or zero; a missing category is all zeros',
    }),
    shape: shapeParameter(
      [4],
      'shape of one sample: as many values as the features give, one-hot categories counted out',
    ),
    classes: classesParameter(3),
    trainLabels: trainLabelsParameter(
      'labels of training samples are not read, their file may lack the column where `label` is a name, and the test samples say which classes there are',
    ),
    scale: Type.Number({ exclusiveMinimum: 0, default: 1, description: 'what values are multiplied by, e.g. 1/255' }),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/**
 * Values: numbers as they are (float32), categories one-hot in the place of their column. Classes: labels that are whole
 * numbers below `classes` are their own class, others are sorted. Order: that of the lines.
 */
export const csv: DataFormat = {
  name: 'csv',
  title: 'CSV tables',
  summary:
    'One sample per line of a text file, with numbers and categories in columns and the class in one of them; two files, or one that is split by a seed.',
  paper: null,
  tasks: ['classification'],
  parameters,
  needsFiles: true,
  signature: (params) => signatureOf(params as Params),
  async open(params, root) {
    const given = params as Params
    const { train, test } = given.testShare === undefined ? await twoFiles(given, root) : await oneFile(given, root)
    const encoding = learnEncoding(train, given.missing)
    requireWidth(train.table, encoding, given)
    const classes = learnClasses(given.trainLabels ? train : test, given.classes)
    const trainLabels = given.trainLabels ? labelsOf(train, classes) : unlabelled(train.rows.length)
    const splits = {
      train: { values: encode(train, encoding), labels: trainLabels },
      test: { values: encode(test, encoding), labels: labelsOf(test, classes) },
    }
    return arrayDataset({ signature: signatureOf(given), scale: given.scale, splits })
  },
}

function signatureOf({ shape, classes, trainLabels }: Params): Signature {
  return { inputShape: shape, classes, ...withoutLabels(trainLabels) }
}

interface BothRows {
  readonly train: Rows
  readonly test: Rows
}

async function twoFiles(params: Params, root: string | null): Promise<BothRows> {
  const { path, train: trainFile, test: testFile, features } = params
  const train = await read(params, await locate({ root, path }, trainFile), {
    features,
    labelled: params.trainLabels,
  })
  // by name: the columns of the test file may have another order
  const keys = train.features.map(({ key }) => key)
  const test = await read(params, await locate({ root, path }, testFile), { features: keys, labelled: true })
  return { train: allOf(train), test: allOf(test) }
}

async function oneFile(params: Params, root: string | null): Promise<BothRows> {
  const { path, train: file, features, seed, testShare = 0 } = params
  const table = await read(params, await locate({ root, path }, file), { features, labelled: true })
  const order = permutation(table.rows, randomKey(seed, 'csv', 'test'))
  const count = Math.round(table.rows * testShare)
  if (count > 0 && count < table.rows)
    return {
      train: { table, rows: order.slice(count).sort() },
      test: { table, rows: order.slice(0, count).sort() },
    }
  const problem = 'data.params.testShare leaves one of the splits empty'
  const received = `${count} test samples of ${table.rows}`
  throw invalidData({ file: table.file, problem, expected: 'at least one sample in each', received })
}

async function read(params: Params, file: string, asked: Pick<ColumnChoice, 'features' | 'labelled'>): Promise<Table> {
  const { header, delimiter, label, categorical, missing } = params
  return await readTable({ file, header, delimiter, label, categorical, missing: missing !== 'refuse', ...asked })
}

function allOf(table: Table): Rows {
  return { table, rows: Int32Array.from({ length: table.rows }, (_, row) => row) }
}

function requireWidth({ file, features }: Table, { columns, width }: Encoding, { shape }: Params): void {
  if (width === lengthOf(shape)) return
  const parts = columns.flatMap((column, i) =>
    'categories' in column ? [`${column.categories.length} categories of ${JSON.stringify(features[i]?.key)}`] : [],
  )
  const numbers = columns.length - parts.length
  throw invalidData({
    file,
    problem: 'the features give samples of another size',
    expected: `${lengthOf(shape)} values, as data.params.shape [${shape.join(', ')}] says`,
    received: `${width} values: ${[`${numbers} numbers`, ...parts.slice(0, 20)].join(', ')}`,
  })
}
