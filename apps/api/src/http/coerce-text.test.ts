import { Type } from 'typebox'
import { expect, test } from 'vitest'
import { coerceText } from './coerce-text.ts'

const schema = Type.Object({ limit: Type.Integer(), label: Type.Array(Type.String()), name: Type.String() })

test('whole numbers and single list items are converted', () => {
  expect(coerceText(schema, { limit: '20', label: 'a=b', name: '20' })).toEqual({
    limit: 20,
    label: ['a=b'],
    name: '20',
  })
})

test.each(['1.5', '10x', '', '0x10', '1e3', ' 1', '99999999999999999999'])('%j stays text', (limit) => {
  expect(coerceText(schema, { limit })).toEqual({ limit })
})

test('truth values are converted, and nothing else that looks like one', () => {
  const flag = Type.Object({ dryRun: Type.Boolean() })
  for (const [text, value] of [
    ['true', true],
    ['false', false],
    ['1', '1'],
    ['TRUE', 'TRUE'],
    ['', ''],
  ] as const)
    expect(coerceText(flag, { dryRun: text })).toEqual({ dryRun: value })
})
