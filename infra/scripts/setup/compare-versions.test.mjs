import { describe, expect, it } from 'vitest'
import { compareVersions } from './compare-versions.mjs'

describe('compareVersions', () => {
  it.each([
    ['2.9.1', '2.13', -1],
    ['2.13', '2.13.0', 0],
    ['2.21.0', '2.13', 1],
    ['10.0', '9.9', 1],
    ['v2.13.0rc1', '2.13', 0],
  ])('puts %s against %s by number, not by text', (left, right, sign) => {
    expect(Math.sign(compareVersions(left, right))).toBe(sign)
  })

  it('refuses text without a number', () => {
    expect(() => compareVersions('nightly', '2.13')).toThrow('nightly')
  })
})
