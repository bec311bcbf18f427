import { ApiError } from '@stillhouse/kit'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MAX_DEPTH, parseJson } from './parse-json.ts'

function failure(text: string): ApiError {
  try {
    parseJson(text)
  } catch (error) {
    if (error instanceof ApiError) return error
    throw error
  }
  throw new Error(`accepted: ${text}`)
}

test('JSON text is read exactly as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(0, 2), (value, indent) => {
      const text = JSON.stringify(value, null, indent)
      expect(parseJson(text)).toEqual(JSON.parse(text))
    }),
  )
})

test('text that JSON.parse refuses is refused, and no other', () => {
  const soup = fc.string({ unit: fc.constantFrom(...'{}[]",:.-+0123eEtruefalsn \n\t\\u/"'), maxLength: 12 })
  fc.assert(
    fc.property(soup, (text) => {
      let valid = true
      try {
        JSON.parse(text)
      } catch {
        valid = false
      }
      if (!valid) expect(failure(text).code).toBe('request.unparsable')
      else if (!/"(.*)".*"\1"\s*:/s.test(text)) expect(parseJson(text)).toEqual(JSON.parse(text))
    }),
    { numRuns: 5000 },
  )
})

test.each([
  ['{\n  "a": 1,\n  "b": tru\n}', 3, 8],
  ['{"a": 1} x', 1, 10],
  ['[1,\n2,]', 2, 3],
  ['{"a" 1}', 1, 6],
  ['{a: 1}', 1, 2],
  ['', 1, 1],
  ['{"a": "unended', 1, 15],
  ['{"a": "bad \\q escape"}', 1, 7],
  ['{"a": 01}', 1, 8],
])('the place of a mistake in %j is line %d, column %d', (text, line, column) => {
  expect(failure(text).message).toContain(`line ${line}, column ${column}:`)
})

test('a duplicate key is an error at its second place', () => {
  const error = failure('{"gates": {},\n "name": "x", "gates": {}}')
  expect(error.message).toContain('line 2, column 15')
  expect(error.message).toContain('"gates" occurs twice')
})

test('nesting is bounded', () => {
  expect(parseJson('['.repeat(MAX_DEPTH) + ']'.repeat(MAX_DEPTH))).toHaveLength(1)
  expect(failure('['.repeat(MAX_DEPTH + 1)).message).toContain('nested too deeply')
  expect(failure('{"a":'.repeat(1_000_000)).message).toContain('nested too deeply')
})

test('a key named __proto__ becomes a visible key and poisons nothing', () => {
  const value = parseJson('{"__proto__": {"admin": true}}') as Record<string, unknown>
  expect(Object.keys(value)).toEqual(['__proto__'])
  expect(value['admin']).toBeUndefined()
})
