import { dataFormats } from '@stillhouse/data'
import { expect, test } from 'vitest'
import { signatureOf } from './signature-of.ts'

const of = (name: string, params?: Record<string, unknown>) =>
  signatureOf(
    { data: { name, seed: 0, balanced: true, ...(params === undefined ? {} : { params }) } },
    { data: dataFormats },
  )

test('the shapes of a data set come from its parameters, defaults filled in', () => {
  expect(of('optdigits')).toEqual({ inputShape: [8, 8, 1], classes: 10 })
})

test('a data set that is on no shelf, or whose parameters are faulty, has no known shapes', () => {
  expect(of('nothing')).toBeNull()
  expect(of('optdigits', { nonsense: true })).toBeNull()
})
