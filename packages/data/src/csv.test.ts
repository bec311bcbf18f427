import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { UNLABELLED } from '@stillhouse/engine'
import { Value } from 'typebox/value'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { csv } from './csv.ts'
import { samplesOf } from './testing/samples-of.ts'

const folders: string[] = []
let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'stillhouse-csv-'))
  folders.push(folder)
})
afterAll(async () => {
  for (const one of folders) await rm(one, { recursive: true })
})

const open = (params: object = {}) =>
  csv.open(Value.Default(csv.parameters, { shape: [2], classes: 2, ...params }), folder)
const write = (name: string, text: string | Uint8Array) => writeFile(path.join(folder, name), text)

const TRAIN = 'a,b,label\n1,2,0\n3,4,1\n'
const TEST = 'a,b,label\n5,6,1\n'

async function both(train = TRAIN, test = TEST): Promise<void> {
  await write('train.csv', train)
  await write('test.csv', test)
}

describe('csv reads', () => {
  it('two files, line by line', async () => {
    await both()
    const { splits, signature } = await open()
    expect(signature).toEqual({ inputShape: [2], classes: 2 })
    expect([...samplesOf(splits.train)]).toEqual([1, 2, 3, 4])
    expect([...samplesOf(splits.test)]).toEqual([5, 6])
    expect([[...splits.train.labels], [...splits.test.labels]]).toEqual([[0, 1], [1]])
  })

  it('files under other names, packed, with a byte-order mark, other line ends and empty lines', async () => {
    await both()
    const { digest } = await open()
    await write('fit.txt', gzipSync(`\ufeff${TRAIN.replaceAll('\n', '\r\n')}\r\n`))
    expect((await open({ train: 'fit.txt' })).digest).toBe(digest)
  })

  it('the columns of the test file by their names, in whatever order', async () => {
    await both(TRAIN, 'label,b,a\n1,6,5\n')
    expect([...samplesOf((await open()).splits.test)]).toEqual([5, 6])
  })

  it('tables without a header, columns by number, the last one as −1', async () => {
    await both('1,2,0\n3,4,1\n', '5,6,1\n')
    const { splits } = await open({ header: false, label: -1 })
    expect([...samplesOf(splits.train)]).toEqual([1, 2, 3, 4])
    const other = await open({ header: false, label: 2, features: [1, 0] })
    expect([...samplesOf(other.splits.train)]).toEqual([2, 1, 4, 3])
  })

  it('only the features that are named, in that order', async () => {
    await both('id,a,b,label\nx1,1,2,0\nx2,3,4,1\n', 'id,a,b,label\nx3,5,6,1\n')
    const { train } = (await open({ features: ['b', 'a'] })).splits
    expect([...samplesOf(train)]).toEqual([2, 1, 4, 3])
  })

  it.each([
    ['semicolons', ';'],
    ['tabs', '\t'],
    ['bars', '|'],
  ])('fields between %s', async (_name, delimiter) => {
    await both(TRAIN.replaceAll(',', delimiter), TEST.replaceAll(',', delimiter))
    expect([...samplesOf((await open({ delimiter })).splits.train)]).toEqual([1, 2, 3, 4])
  })

  it('quoted fields with the delimiter, quotes and line ends in them', async () => {
    await both('a,"b, or ""c""",label\n1,2,"no\nyes"\n3,"4",maybe\n', 'a,"b, or ""c""",label\n5,6,"maybe"\n')
    const { splits } = await open({ features: ['a', 'b, or "c"'] })
    expect([...samplesOf(splits.train)]).toEqual([1, 2, 3, 4])
    expect([...splits.train.labels, ...splits.test.labels]).toEqual([1, 0, 0])
  })

  it('numbers in every usual spelling', async () => {
    await both('a,b,label\n-1.5, +.25 ,0\n2e3,7.,1\n')
    expect([...samplesOf((await open()).splits.train)]).toEqual([-1.5, 0.25, 2000, 7])
  })

  it('into the shape and scale that the job gives', async () => {
    await both()
    const { splits, signature } = await open({ shape: [1, 2, 1], scale: 0.5 })
    expect(signature.inputShape).toEqual([1, 2, 1])
    expect([...samplesOf(splits.train)]).toEqual([0.5, 1, 1.5, 2])
  })
})

describe('csv learns from the training samples alone', () => {
  it('which categories there are, sorted; one that only the test samples have is all zeros', async () => {
    await both('k,a,label\nred,1,0\nblue,2,1\nred,3,1\n', 'k,a,label\nblue,4,0\ngreen,5,1\n')
    const { splits } = await open({ categorical: ['k'], shape: [3] })
    expect([...samplesOf(splits.train)]).toEqual([0, 1, 1, 1, 0, 2, 0, 1, 3])
    expect([...samplesOf(splits.test)]).toEqual([1, 0, 4, 0, 0, 5])
  })

  it('the mean that takes the place of missing values', async () => {
    const missing = ['', 'NA', 'NaN', 'null', '?']
    await both(
      `a,b,label\n1,2,0\n3,4,1\n${missing.map((text) => `${text},9,0`).join('\n')}\n`,
      'a,b,label\n100,?,1\n,6,0\n',
    )
    const { splits } = await open({ missing: 'mean' })
    expect([...samplesOf(splits.train)].filter((_, i) => i % 2 === 0)).toEqual([1, 3, 2, 2, 2, 2, 2])
    expect([...samplesOf(splits.test)]).toEqual([100, Math.fround((2 + 4 + 5 * 9) / 7), 2, 6])
    expect([...samplesOf((await open({ missing: 'zero' })).splits.test)]).toEqual([100, 0, 0, 6])
  })

  it('and gives a missing category no value of its own', async () => {
    await both('k,a,label\nred,1,0\n,2,1\n', 'k,a,label\n?,4,0\n')
    const { train } = (await open({ categorical: ['k'], missing: 'mean' })).splits
    expect([...samplesOf(train)]).toEqual([1, 1, 0, 2])
  })

  it('which classes there are: numbers below `classes` themselves, other labels sorted', async () => {
    const labelled = (labels: string[]) => `a,b,label\n${labels.map((label) => `1,2,${label}`).join('\n')}\n`
    const labelsOf = async (labels: string[], classes: number) => {
      await both(labelled(labels), labelled(labels.slice(0, 1)))
      return [...(await open({ classes })).splits.train.labels]
    }
    expect(await labelsOf(['2', '0', '2'], 3)).toEqual([2, 0, 2])
    expect(await labelsOf(['1', '2', '10'], 3)).toEqual([0, 1, 2])
    expect(await labelsOf(['fir', 'elm', 'oak', 'fir'], 3)).toEqual([1, 0, 2, 1])
    expect(await labelsOf(['-1', '1'], 2)).toEqual([0, 1])
  })
})

describe('csv without labels to train on', () => {
  const unlabelled = { trainLabels: false }

  it('takes a training file with or without the column, and classes from the test file', async () => {
    const read = async (train: string) => {
      await both(train, 'label,a,b\nelm,5,6\noak,7,8\n')
      const { splits, signature } = await open(unlabelled)
      expect(signature).toEqual({ inputShape: [2], classes: 2, trainLabels: false })
      expect([...samplesOf(splits.train)]).toEqual([1, 2, 3, 4])
      return [[...splits.train.labels], [...splits.test.labels], [...samplesOf(splits.test)]]
    }
    const expected = [
      [UNLABELLED, UNLABELLED],
      [0, 1],
      [5, 6, 7, 8],
    ]
    expect(await read('a,b\n1,2\n3,4\n')).toEqual(expected)
    expect(await read('a,label,b\n1,,2\n3,fir,4\n')).toEqual(expected)
  })

  it('leaves a label by number out of the training samples', async () => {
    await both('1,2,?\n3,4,?\n', '5,6,1\n7,8,0\n')
    const { splits } = await open({ ...unlabelled, header: false, label: -1 })
    expect([...samplesOf(splits.train)]).toEqual([1, 2, 3, 4])
    expect([[...splits.train.labels], [...splits.test.labels]]).toEqual([
      [UNLABELLED, UNLABELLED],
      [1, 0],
    ])
  })

  it('still needs the labels of the test samples', async () => {
    await both(TRAIN, 'a,b\n5,6\n')
    await expect(open(unlabelled)).rejects.toMatchObject({ code: 'data.invalid' })
  })
})

describe('csv splits one file', () => {
  const lines = Array.from({ length: 40 }, (_, i) => `${i},${-i},${i % 2}`)
  const single = { testShare: 0.25 }

  it('into shares drawn by the seed, each in the order of the file, without loss', async () => {
    await write('train.csv', `a,b,label\n${lines.join('\n')}`)
    const drawn = async (seed: number) => {
      const { splits } = await open({ ...single, seed })
      return [splits.train, splits.test].map((split) => [...samplesOf(split)].filter((_, i) => i % 2 === 0))
    }
    const [train = [], test = []] = await drawn(1)
    expect([train.length, test.length]).toEqual([30, 10])
    expect([...train, ...test].sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i))
    for (const part of [train, test]) expect(part).toEqual(part.toSorted((a, b) => a - b))
    expect(await drawn(1)).toEqual([train, test])
    expect(await drawn(2)).not.toEqual([train, test])
  })

  it('and learns nothing from the lines that become test samples', async () => {
    const unique = Array.from({ length: 8 }, (_, i) => `only here ${i},${i % 2}`)
    await write('train.csv', `k,label\n${unique.join('\n')}`)
    const { train, test } = (await open({ testShare: 0.5, categorical: ['k'], shape: [4] })).splits
    expect([...samplesOf(train)].filter((value) => value === 1)).toHaveLength(4)
    expect([...samplesOf(test)]).toEqual(Array.from({ length: 16 }, () => 0))
  })

  it('and refuses a share that leaves nothing', async () => {
    await write('train.csv', TRAIN)
    await expect(open({ testShare: 0.1 })).rejects.toMatchObject({
      code: 'data.invalid',
      message: expect.stringContaining('received 0 test samples of 2'),
    })
  })
})

describe('csv refuses', () => {
  it.each([
    ['a value that is no number', 'a,b,label\n1,2,0\n3,four,1\n', {}, 'line 3, column "b": the value is no number'],
    ['a decimal comma', 'a,b,label\n"1,5",2,0\n', {}, 'line 2, column "a": the value is no number. Expected a finite'],
    ['hexadecimal', 'a,b,label\n0x10,2,0\n', {}, 'received "0x10"'],
    ['a number beyond float32', 'a,b,label\n1e99,2,0\n', {}, 'received "1e99"'],
    [
      'a missing value',
      'a,b,label\n1,2,0\n3,,1\n',
      {},
      'train.csv: line 3, column "b": the value is missing. Expected a value, or data.params.missing',
    ],
    ['a missing label', 'a,b,label\n1,2,\n', { missing: 'mean' }, 'line 2 has no label'],
    ['too few fields', 'a,b,label\n1,2,0\n3,4\n', {}, 'line 3 has another number of fields'],
    ['too many fields', 'a,b,label\n1,2,0,9\n', {}, 'Expected 3 fields, received 4 fields'],
    ['an open quote', 'a,b,label\n1,2,"0\n', {}, 'not a CSV file. Expected whole quoted fields'],
    ['an empty file', '', {}, 'Expected a header and at least one line'],
    ['a header alone', 'a,b,label\n', {}, 'Expected a header and at least one line, received 0 samples'],
    ['an unknown label column', TRAIN, { label: 'class' }, 'Expected one of a, b, label, received "class"'],
    ['an unknown feature', TRAIN, { features: ['a', 9] }, 'no such column. Expected one of a, b, label, received 9'],
    ['the label among the features', TRAIN, { features: ['a', 'label'] }, 'a label that is no feature too'],
    ['a category that is no feature', TRAIN, { features: ['a'], categorical: ['b'] }, 'to be among the features'],
    [
      'another number of values',
      'k,a,b,label\nred,1,2,0\nblue,3,4,1\n',
      { categorical: ['k'], test: 'train.csv' },
      'Expected 2 values, as data.params.shape [2] says, received 4 values: 2 numbers, 2 categories of "k"',
    ],
    [
      'another number of classes',
      'a,b,label\n1,2,x\n3,4,y\n5,6,z\n',
      {},
      'Expected 2 different labels, as data.params.classes says, received 3: x, y, z',
    ],
    ['a column without any value', 'a,b,label\n,2,0\n,4,1\n', { missing: 'mean' }, 'column "a" has no value'],
  ])('%s', async (_what, train, params, message) => {
    await both(train)
    await expect(open(params)).rejects.toMatchObject({
      code: 'data.invalid',
      message: expect.stringContaining(message),
    })
  })

  it('a test label that training does not have, naming its line', async () => {
    await both('a,b,label\n1,2,x\n3,4,y\n', 'a,b,label\n\n1,2,x\n3,4,z\n')
    await expect(open()).rejects.toMatchObject({
      code: 'data.invalid',
      message: expect.stringContaining(
        'test.csv: line 4 has a label that no training sample has. Expected one of x, y',
      ),
    })
  })

  it('a test file without a column of the training file', async () => {
    await both(TRAIN, 'a,c,label\n1,2,0\n')
    await expect(open()).rejects.toMatchObject({ message: expect.stringContaining('Expected one of a, c, label') })
  })

  it('a file that is not there, or outside the folder', async () => {
    await write('train.csv', TRAIN)
    await expect(open()).rejects.toMatchObject({
      code: 'data.not_found',
      message: expect.stringContaining('test.csv: there is no such file'),
    })
    await expect(open({ test: '../test.csv' })).rejects.toMatchObject({ code: 'data.invalid' })
  })
})
