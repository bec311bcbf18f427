// From the columns of a table to the values of samples. What it needs to know of the data (means, categories) is learnt
// from the training samples alone, so that nothing of the test samples leaks into training.
import { sharedFloats } from '@stillhouse/engine'
import { invalidData } from '../invalid-data.ts'
import { requireRoom } from '../limits.ts'
import type { Table } from './read-table.ts'

/** Some rows of a table. */
export interface Rows {
  readonly table: Table
  readonly rows: ArrayLike<number> & Iterable<number>
}

export type Missing = 'refuse' | 'mean' | 'zero'

interface NumberColumn {
  /** What stands in for a missing value. */
  readonly substitute: number
}

interface CategoryColumn {
  /** Texts of the training samples, sorted: one value per text, 1 for its own and 0 for the others. */
  readonly categories: readonly string[]
}

export interface Encoding {
  readonly columns: readonly (NumberColumn | CategoryColumn)[]
  /** Values of a sample. */
  readonly width: number
}

export function learnEncoding(train: Rows, missing: Missing): Encoding {
  const columns = train.table.features.map(({ categorical }, feature) =>
    categorical
      ? { categories: categoriesOf(train, feature) }
      : { substitute: missing === 'mean' ? meanOf(train, feature) : 0 },
  )
  const width = columns.reduce((sum, column) => sum + ('categories' in column ? column.categories.length : 1), 0)
  return { columns, width }
}

/** Values of the rows, one after another, in shared memory. A category that training has not seen is all zeros. */
export function encode({ table, rows }: Rows, { columns, width }: Encoding): Float32Array {
  requireRoom({ file: table.file, samples: rows.length, length: width, bytesPerValue: 4 })
  const values = sharedFloats(rows.length * width)
  const places = columns.map((column, feature) =>
    'categories' in column ? table.texts.get(feature)?.map((text) => column.categories.indexOf(text)) : undefined,
  )
  let to = 0
  for (const row of rows) {
    for (const [feature, column] of columns.entries()) {
      const value = table.values[row * columns.length + feature] as number
      if ('categories' in column) {
        const place = places[feature]?.[value] ?? -1
        if (place >= 0) values[to + place] = 1
        to += column.categories.length
      } else values[to++] = Number.isNaN(value) ? column.substitute : value
    }
  }
  return values
}

function categoriesOf({ table, rows }: Rows, feature: number): string[] {
  const texts = table.texts.get(feature) ?? []
  const seen = new Set<string>()
  for (const row of rows) {
    const text = texts[table.values[row * table.features.length + feature] as number]
    if (text !== undefined) seen.add(text)
  }
  return [...seen].sort()
}

function meanOf({ table, rows }: Rows, feature: number): number {
  let [sum, count] = [0, 0]
  for (const row of rows) {
    const value = table.values[row * table.features.length + feature] as number
    if (Number.isNaN(value)) continue
    sum += value
    count++
  }
  if (count > 0) return sum / count
  const problem = `column ${JSON.stringify(table.features[feature]?.key)} has no value in any training sample`
  const expected = 'at least one value to take the mean of'
  throw invalidData({ file: table.file, problem, expected, received: `${rows.length} missing values` })
}
