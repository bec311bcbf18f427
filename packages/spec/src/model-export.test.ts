import { expect, it } from 'vitest'
import { modelExport } from './model-export.ts'

const tfjs = (weights?: string, name?: string) => ({
  format: 'tfjs-layers',
  ...(name !== undefined && { name }),
  ...(weights !== undefined && { params: { weights } }),
})

it.each([
  ['the default export', [tfjs()], 'tfjs-layers'],
  ['an export under another name', [tfjs('float32', 'browser')], 'browser'],
  ['the float one, wherever it stands', [tfjs('uint8', 'small'), tfjs('float16', 'half'), tfjs()], 'tfjs-layers'],
  ['the more exact of two quantised ones', [tfjs('uint8', 'small'), tfjs('uint16', 'middle')], 'middle'],
  ['a quantised one where there is no other', [{ format: 'saved-model' }, tfjs('uint8', 'small')], 'small'],
  ['nothing of another format, whatever it is called', [{ format: 'saved-model', name: 'tfjs-layers' }], null],
])('is %s', (_what, exports, expected) => {
  expect(modelExport({ export: exports })).toBe(expected)
})
