// A CSV file as numbers: every field of a feature is a number, the code of a category, or missing (NaN).
import { CsvError, parse } from 'csv-parse/sync'
import { invalidData } from '../invalid-data.ts'
import { LARGEST_SPLIT, requireRoom } from '../limits.ts'
import { readBytes } from '../read-bytes.ts'
import { type ColumnChoice, type Columns, chooseColumns, type Feature } from './columns.ts'
import { growingFloats } from './growing-floats.ts'

/** What stands for a value that is not there. */
const MISSING = new Set(['', 'NA', 'N/A', 'NaN', 'nan', 'null', 'NULL', 'None', '?'])
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/

export interface ReadTable extends ColumnChoice {
  readonly file: string
  readonly header: boolean
  readonly delimiter: string
  /** Whether values of features may be missing. */
  readonly missing: boolean
}

export interface Table {
  readonly file: string
  readonly features: readonly Feature[]
  readonly rows: number
  /** [rows, features]; NaN: missing; of a categorical feature the place of the text in `texts`. */
  readonly values: Float32Array
  /** Per categorical feature (by its place among the features) the texts it takes, in the order of the file. */
  readonly texts: ReadonlyMap<number, readonly string[]>
  /** Text of the label (empty where labels are not read), and line of the file, per row. */
  readonly labels: readonly string[]
  readonly lines: readonly number[]
}

/** @throws TrainingError `data.invalid` with the line that is wrong */
export async function readTable(options: ReadTable): Promise<Table> {
  const { file, header, delimiter } = options
  const bytes = await readBytes(file)
  const table = tableOf(options)
  try {
    parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), {
      bom: true,
      delimiter,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
      on_record: (record: string[], { lines }: { lines: number }) => {
        table.add(record, lines)
        return null
      },
    })
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    throw invalidData({ file, problem: 'not a CSV file', expected: 'whole quoted fields', received: error.message })
  }
  return table.whole(header ? 'a header and at least one line' : 'at least one line')
}

function tableOf(options: ReadTable) {
  const { file, header } = options
  const values = growingFloats()
  const [labels, lines]: [string[], number[]] = [[], []]
  const codes = new Map<number, Map<string, number>>()
  let columns: Columns | undefined
  return {
    add(record: readonly string[], line: number): void {
      if (columns === undefined) {
        columns = chooseColumns({ file, names: header ? record : null, count: record.length }, options)
        if (header) return
      }
      const at: Line = { file, line, missing: options.missing }
      requireFields(at, record, columns.count)
      for (const [i, feature] of columns.features.entries())
        values.push(featureValue(at, { feature, text: record[feature.place] as string, codes: codesOf(codes, i) }))
      labels.push(columns.label === null ? '' : labelOf(at, record[columns.label] as string))
      lines.push(line)
      // half: growing holds the old and the new array at once
      requireRoom(
        { file, samples: labels.length, length: columns.features.length, bytesPerValue: 4 },
        LARGEST_SPLIT / 2,
      )
    },
    whole(expected: string): Table {
      if (columns === undefined || labels.length === 0)
        throw invalidData({ file, problem: 'the file has no samples', expected, received: `${labels.length} samples` })
      const texts = new Map([...codes].map(([i, texts]) => [i, [...texts.keys()]]))
      return { file, features: columns.features, rows: labels.length, values: values.all(), texts, labels, lines }
    },
  }
}

interface Line {
  readonly file: string
  readonly line: number
  readonly missing: boolean
}

function requireFields({ file, line }: Line, record: readonly string[], count: number): void {
  if (record.length === count) return
  const problem = `line ${line} has another number of fields than the first line, or is truncated`
  throw invalidData({ file, problem, expected: `${count} fields`, received: `${record.length} fields` })
}

interface Field {
  readonly feature: Feature
  readonly text: string
  readonly codes: Map<string, number>
}

function featureValue(at: Line, { feature, text, codes }: Field): number {
  const problem = (what: string) => `line ${at.line}, column ${JSON.stringify(feature.key)}: the value ${what}`
  if (MISSING.has(text)) {
    if (at.missing) return Number.NaN
    const expected = 'a value, or data.params.missing to say what takes its place'
    throw invalidData({ file: at.file, problem: problem('is missing'), expected, received: JSON.stringify(text) })
  }
  if (feature.categorical) return codeOf(codes, text)
  const value = NUMBER.test(text) ? Math.fround(Number(text)) : Number.NaN
  if (Number.isFinite(value)) return value
  const expected = 'a finite number such as 0.5 or 2e-3, or the column in data.params.categorical'
  throw invalidData({ file: at.file, problem: problem('is no number'), expected, received: JSON.stringify(text) })
}

function codesOf(codes: Map<number, Map<string, number>>, feature: number): Map<string, number> {
  const found = codes.get(feature) ?? new Map<string, number>()
  codes.set(feature, found)
  return found
}

function codeOf(codes: Map<string, number>, text: string): number {
  const code = codes.get(text) ?? codes.size
  codes.set(text, code)
  return code
}

function labelOf({ file, line }: Line, text: string): string {
  if (!MISSING.has(text)) return text
  const problem = `line ${line} has no label`
  throw invalidData({ file, problem, expected: 'the class of the sample', received: JSON.stringify(text) })
}
