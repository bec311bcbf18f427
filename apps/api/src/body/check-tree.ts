// What no parsed body may hold, whatever its schema says: keys that poison prototypes, characters that the database
// cannot store, and aliases that unfold into more than was sent.
import type { Fault } from '@stillhouse/spec'
import { MAX_DEPTH } from './parse-json.ts'

const FORBIDDEN_KEYS: readonly string[] = ['__proto__', 'constructor', 'prototype']
const SUSPICIOUS = /[\0\ud800-\udfff]/
const UNSTORABLE = /[\0\p{Surrogate}]/u

interface Walk {
  readonly faults: Fault[]
  /** Keys from the root to where the walk is. */
  readonly path: string[]
  readonly maxValues: number
  values: number
}

/**
 * Faults of a parsed body, by JSON Pointer.
 * @param maxValues refuses a body with more scalars and containers than this (aliases counted as often as used)
 */
export function checkTree(root: unknown, maxValues = Number.POSITIVE_INFINITY): Fault[] {
  const walk: Walk = { faults: [], path: [], maxValues, values: 0 }
  const limit = visit(walk, root)
  return limit === undefined ? walk.faults : [limit]
}

/** Answers with the limit that was passed, which ends the walk. Recursion is bounded by MAX_DEPTH. */
function visit(walk: Walk, value: unknown): Fault | undefined {
  walk.values += 1
  if (walk.values > walk.maxValues) return limitFault('the body has too many values', `at most ${walk.maxValues}`)
  if (typeof value === 'string') checkText(walk, value)
  if (typeof value !== 'object' || value === null) return undefined
  if (walk.path.length >= MAX_DEPTH) return limitFault('the body is nested too deeply', `at most ${MAX_DEPTH} levels`)
  for (const key of Object.keys(value)) {
    walk.path.push(key)
    const limit = visitMember(walk, key, (value as Record<string, unknown>)[key])
    walk.path.pop()
    if (limit !== undefined) return limit
  }
  return undefined
}

function visitMember(walk: Walk, key: string, value: unknown): Fault | undefined {
  if (!FORBIDDEN_KEYS.includes(key)) {
    checkText(walk, key)
    return visit(walk, value)
  }
  walk.faults.push(faultAt(walk, `the key ${key} is not allowed`, 'another name', key))
  return undefined
}

function checkText(walk: Walk, text: string): void {
  if (!SUSPICIOUS.test(text) || !UNSTORABLE.test(text)) return
  const expected = 'text without NUL and without half surrogate pairs'
  walk.faults.push(faultAt(walk, 'the text has characters that cannot be stored', expected, JSON.stringify(text)))
}

function faultAt({ path }: Walk, message: string, expected: string, received: string): Fault {
  const pointer = path.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
  return { path: pointer, message, expected, received }
}

function limitFault(message: string, expected: string): Fault {
  return { path: '', message, expected, received: 'more' }
}
