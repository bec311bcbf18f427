import { expect, test } from 'vitest'
import { isStorable, storableJson, storableText } from './storable.ts'

test('NUL and halves of surrogate pairs are replaced, everything else is kept', () => {
  expect(storableText('a\u0000b')).toBe('a\uFFFDb')
  expect(storableText('\uD83E end')).toBe('\uFFFD end')
  expect(storableText('🥃 \n ü \u0001')).toBe('🥃 \n ü \u0001')
})

test('strings are mended at any depth of a JSON value, numbers and structure are kept', () => {
  expect(storableJson({ a: ['x\u0000', { b: 1.5 }], c: null })).toBe('{"a":["x\uFFFD",{"b":1.5}],"c":null}')
})

test('text that can be stored as it is says so', () => {
  expect(isStorable('plain \\u0000 text')).toBe(true)
  expect(isStorable('a\u0000')).toBe(false)
})
