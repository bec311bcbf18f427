import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from './canonical-json.ts'

describe('canonicalJson', () => {
  it('writes keys in one order at every depth', () => {
    expect(canonicalJson({ b: { y: 1, x: 2 }, a: [{ d: 1, c: 2 }] })).toBe('{"a":[{"c":2,"d":1}],"b":{"x":2,"y":1}}')
  })

  it('keeps the order of lists and leaves undefined fields out', () => {
    expect(canonicalJson({ list: [3, 1, 2], gone: undefined })).toBe('{"list":[3,1,2]}')
  })

  it('takes keys for keys, whatever they are called, and dates for their text', () => {
    const given = JSON.parse('{"b":1,"__proto__":{"d":1,"c":2},"10":1,"9":1}') as object
    expect(canonicalJson(given)).toBe('{"9":1,"10":1,"__proto__":{"c":2,"d":1},"b":1}')
    expect(canonicalJson({ at: new Date(0) })).toBe('{"at":"1970-01-01T00:00:00.000Z"}')
  })

  it('gives one text for any order of keys, from which the value comes back', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse())
        expect(canonicalJson(reversed)).toBe(canonicalJson(value))
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })
})
