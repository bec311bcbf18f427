import { expect, it } from 'vitest'
import { restoreUtil } from './node-shims.ts'

it('puts back what Node 23 removed, as it was', () => {
  const util: Record<string, unknown> = {}
  restoreUtil(util)
  const { isArray, isNullOrUndefined } = util as Record<string, (value: unknown) => boolean>
  expect([[], 'a', null].map((value) => isArray?.(value))).toEqual([true, false, false])
  expect([null, undefined, 0, ''].map((value) => isNullOrUndefined?.(value))).toEqual([true, true, false, false])
})

it('leaves what is there alone', () => {
  const own = (): boolean => true
  const util: Record<string, unknown> = { isArray: own }
  restoreUtil(util)
  expect(util['isArray']).toBe(own)
})
