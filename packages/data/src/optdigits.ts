// Small real digits that ship with Stillhouse: jobs on them take seconds, so examples and tests use them.
import { hash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { DataFormat } from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { arrayDataset, type Samples } from './shared/array-dataset.ts'
import { invalidData } from './shared/invalid-data.ts'
import { readBytes } from './shared/read-bytes.ts'
import { sharedCopy } from './shared/shared-copy.ts'

/** Samples, pixels of a sample, and the largest value of a pixel. */
const SAMPLES = 1797
const PIXELS = 64
const FULL = 16

const parameters = Type.Object(
  {
    train: Type.Integer({
      minimum: 1,
      maximum: SAMPLES - 1,
      default: 1000,
      description: 'training samples; the remaining ones of the 1,797 are the test samples',
    }),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

const SIGNATURE = { inputShape: [8, 8, 1], classes: 10 } as const
const FILE = fileURLToPath(new URL('../assets/optdigits.csv.gz', import.meta.url))

/**
 * Values: ink in [0, 1] (whole number / 16). The split is fixed: lines of the file, numbered from 0, are ordered by the
 * sha256 of their number written in decimal; the first `train` of them are the training samples.
 */
export const optdigits: DataFormat = {
  name: 'optdigits',
  title: 'Optical digits (UCI)',
  summary: '1,797 handwritten digits, 8×8 grey, in a fixed split: 1,000 to train, 797 to test. Ships with Stillhouse.',
  paper: {
    title: 'Optical Recognition of Handwritten Digits',
    authors: 'Alpaydin, Kaynak',
    venue: 'UCI Machine Learning Repository',
    year: 1998,
  },
  tasks: ['classification'],
  parameters,
  signature: () => SIGNATURE,
  trainSamples: (params) => (params as Params).train,
  async open(params) {
    const { train } = params as Params
    const rows = parseRows(new TextDecoder().decode(await readBytes(FILE)), FILE)
    const order = splitOrder(rows.length)
    const take = (numbers: readonly number[]) => samplesOf(numbers.map((number) => rows[number] ?? []))
    return arrayDataset({
      signature: SIGNATURE,
      scale: 1 / FULL,
      splits: { train: take(order.slice(0, train)), test: take(order.slice(train)) },
    })
  },
}

/** @throws TrainingError `data.invalid` with the line that is wrong */
function parseRows(text: string, file: string): number[][] {
  const lines = text.trimEnd().split('\n')
  if (lines.length !== SAMPLES) {
    const received = `${lines.length} lines`
    throw invalidData({
      file,
      problem: 'the file is truncated or not this set',
      expected: `${SAMPLES} lines`,
      received,
    })
  }
  return lines.map((line, i) => {
    const row = line.split(',').map((field) => (/^\d{1,2}$/.test(field) ? Number(field) : Number.NaN))
    const fits = row.length === PIXELS + 1 && row.every((value, at) => value <= (at < PIXELS ? FULL : 9))
    if (fits) return row
    const expected = `${PIXELS} whole numbers from 0 to ${FULL} and a digit`
    throw invalidData({ file, problem: `line ${i + 1} is not a sample`, expected, received: line.slice(0, 200) })
  })
}

function splitOrder(count: number): number[] {
  const keys = Array.from({ length: count }, (_, number) => hash('sha256', String(number)))
  return [...keys.keys()].sort((a, b) => ((keys[a] ?? '') < (keys[b] ?? '') ? -1 : 1))
}

function samplesOf(rows: readonly number[][]): Samples {
  return {
    values: sharedCopy(Uint8Array.from(rows.flatMap((row) => row.slice(0, PIXELS)))),
    labels: rows.map((row) => row[PIXELS] ?? 0),
  }
}
