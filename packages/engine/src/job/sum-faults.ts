// Losses that cannot stand beside one another in the sum of a stage.
import { canonicalJson, type Fault } from '@stillhouse/spec'
import type { TermMethod } from '../contracts/method.ts'

interface SummedTerm {
  readonly entry: TermMethod
  readonly params: unknown
  /** JSON Pointer of what names it. */
  readonly path: string
}

export function sumFaults(terms: readonly SummedTerm[]): Fault[] {
  return [...twiceFaults(terms), ...negativesFaults(terms)]
}

/** A loss that is given twice would be one loss, with one set of adapters. */
function twiceFaults(terms: readonly SummedTerm[]): Fault[] {
  const keys = terms.map(({ entry, params }) => `${entry.name} ${canonicalJson(params)}`)
  return terms.flatMap(({ entry, path }, i) => {
    if (keys.indexOf(keys[i] ?? '') === i) return []
    const message = 'the same loss stands twice in one sum'
    return [{ path, message, expected: 'one of them, with the sum of both weights', received: entry.name }]
  })
}

/** A batch is drawn once for all losses of a stage. */
function negativesFaults(terms: readonly SummedTerm[]): Fault[] {
  const drawn = terms.flatMap(({ entry, params, path }) => {
    const negatives = entry.draws?.(params).negatives
    return negatives === undefined ? [] : [{ path, text: `${negatives.count} from ${negatives.from}` }]
  })
  const [first] = drawn
  return drawn.flatMap(({ path, text }) => {
    if (first === undefined || text === first.text) return []
    const message = 'two losses of one stage draw different negatives'
    return [{ path: `${path}/params`, message, expected: `${first.text}, as those of ${first.path}`, received: text }]
  })
}
