import { expect, test } from 'vitest'
import { etagMatches } from './etag-matches.ts'

test.each([
  ['"a"', true],
  ['W/"a"', true],
  ['"b", "a"', true],
  ['*', true],
  ['"b"', false],
  ['a', false],
  [undefined, false],
])('If-None-Match %s against "a" is %s', (header, expected) => {
  expect(etagMatches(header, '"a"')).toBe(expected)
})
