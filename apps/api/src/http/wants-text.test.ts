import { expect, test } from 'vitest'
import { wantsText } from './wants-text.ts'

test.each([
  ['text/csv', true],
  ['text/csv, application/json;q=0.5', true],
  ['TEXT/CSV', true],
  ['application/json, text/csv;q=0.9', false],
  ['application/json, text/csv', false],
  ['*/*', false],
  ['text/csv;q=0', false],
  [undefined, false],
])('Accept: %s asks for CSV: %s', (accept, expected) => {
  expect(wantsText(accept, 'text/csv')).toBe(expected)
})
