import { expect, it } from 'vitest'
import { byteText } from './byte-text.ts'

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1500, '1.5 kB'],
  [31_400_000, '31 MB'],
  [5e9, '5.0 GB'],
  [7e15, '7000 TB'],
])('writes %i bytes as %s', (bytes, text) => {
  expect(byteText(bytes)).toBe(text)
})
