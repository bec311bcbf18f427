// Which class a label is: its own number, or its place among the labels of the training samples.
import { invalidData } from '../invalid-data.ts'
import type { Rows } from './encoding.ts'

/** Class by label. */
export type ClassNumbers = ReadonlyMap<string, number>

/**
 * Whole numbers from 0 to classes − 1 are their own class; other labels are sorted, by value when all are numbers.
 * @throws TrainingError `data.invalid` when the samples do not have as many classes as `classes` says
 */
export function learnClasses({ table, rows }: Rows, classes: number): ClassNumbers {
  const found = [...new Set(Array.from(rows, (row) => table.labels[row] as string))]
  const itself = found.every((label) => /^\d+$/.test(label) && Number(label) < classes)
  if (itself) return new Map(found.map((label) => [label, Number(label)]))
  const numbers = found.every((label) => Number.isFinite(Number(label)))
  const sorted = numbers ? found.sort((a, b) => Number(a) - Number(b)) : found.sort()
  if (sorted.length === classes) return new Map(sorted.map((label, i) => [label, i]))
  throw invalidData({
    file: table.file,
    problem: 'the samples have another number of classes',
    expected: `${classes} different labels, as data.params.classes says`,
    received: `${sorted.length}: ${sorted.slice(0, 20).join(', ')}`,
  })
}

/** @throws TrainingError `data.invalid` with the line of a label that the training samples do not have */
export function labelsOf({ table, rows }: Rows, classes: ClassNumbers): Int32Array {
  return Int32Array.from(rows, (row) => {
    const label = classes.get(table.labels[row] as string)
    if (label !== undefined) return label
    const problem = `line ${table.lines[row]} has a label that no training sample has`
    const expected = `one of ${[...classes.keys()].slice(0, 50).join(', ')}`
    throw invalidData({ file: table.file, problem, expected, received: JSON.stringify(table.labels[row]) })
  })
}
