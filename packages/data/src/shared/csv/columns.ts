// Which columns of a CSV file are features, and which one is the label: by name or by number.
import { invalidData } from '../invalid-data.ts'

/** A column by its name in the header, or by its number from 0; −1 is the last one. */
type ColumnKey = string | number

export interface ColumnChoice {
  readonly label: ColumnKey
  /** Whether labels are read; where they are not, a label by name may have no column. */
  readonly labelled: boolean
  /** Undefined: all but the label, in the order of the file. */
  readonly features: readonly ColumnKey[] | undefined
  readonly categorical: readonly ColumnKey[]
}

export interface Columns {
  /** Columns of the file. */
  readonly count: number
  /** Place of the label's column; null where labels are not read. */
  readonly label: number | null
  readonly features: readonly Feature[]
}

export interface Feature {
  readonly place: number
  /** Name, or number where there is no header. */
  readonly key: ColumnKey
  readonly categorical: boolean
}

export interface FileColumns {
  readonly file: string
  /** From the header; null without one. */
  readonly names: readonly string[] | null
  readonly count: number
}

/** @throws TrainingError `data.invalid` for a column that is not there, or a label that is a feature too */
export function chooseColumns(found: FileColumns, choice: ColumnChoice): Columns {
  const place = (key: ColumnKey) => placeOf(found, key)
  const { labelled, label: key } = choice
  const absent = !labelled && typeof key === 'string' && found.names?.includes(key) !== true
  const label = absent ? null : place(key)
  const categorical = new Set(choice.categorical.map(place))
  const chosen = choice.features?.map(place) ?? [...Array(found.count).keys()].filter((column) => column !== label)
  const unused = [...categorical].find((column) => !chosen.includes(column))
  if (label !== null && chosen.includes(label)) throw misused(found, label, 'a label that is no feature too')
  if (unused !== undefined) throw misused(found, unused, 'data.params.categorical to be among the features')
  const features = chosen.map((column) => ({
    place: column,
    key: found.names?.[column] ?? column,
    categorical: categorical.has(column),
  }))
  return { count: found.count, label: labelled ? label : null, features }
}

function placeOf({ file, names, count }: FileColumns, key: ColumnKey): number {
  const place = typeof key === 'string' ? (names?.indexOf(key) ?? -1) : key === -1 ? count - 1 : key
  if (place >= 0 && place < count) return place
  const expected = names === null ? `a number from 0 to ${count - 1}` : `one of ${names.slice(0, 50).join(', ')}`
  throw invalidData({ file, problem: 'there is no such column', expected, received: JSON.stringify(key) })
}

function misused({ file, names }: FileColumns, column: number, expected: string) {
  const problem = 'the columns of data.params contradict each other'
  throw invalidData({ file, problem, expected, received: JSON.stringify(names?.[column] ?? column) })
}
