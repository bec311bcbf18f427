import { expect, test } from 'vitest'
import { isTransient } from './is-transient.ts'

test('errors of a restart, a lost connection and a lost race are transient, however deep they hide', () => {
  const transient = [
    Object.assign(new Error('x'), { code: '57P01' }),
    Object.assign(new Error('x'), { code: 'ECONNREFUSED' }),
    Object.assign(new Error('x'), { code: 'P2028' }),
    new Error('Connection terminated unexpectedly'),
    new Error('outer', { cause: Object.assign(new Error('inner'), { code: '40P01' }) }),
    Object.assign(new Error('raw query failed'), {
      code: 'P2010',
      meta: { driverAdapterError: { cause: { kind: 'postgres', originalCode: '57P03' } } },
    }),
    Object.assign(new Error('x'), { cause: { kind: 'TransactionWriteConflict' } }),
    new AggregateError([Object.assign(new Error('x'), { code: 'ECONNREFUSED' })], ''),
  ]
  for (const error of transient) expect(isTransient(error)).toBe(true)
})

test('errors that repeat themselves are not transient', () => {
  const lasting = [
    new Error('x'),
    Object.assign(new Error('duplicate key'), { code: '23505' }),
    Object.assign(new Error('syntax error'), {
      code: 'P2010',
      meta: { driverAdapterError: { cause: { originalCode: '42601' } } },
    }),
    'a text',
    null,
    undefined,
  ]
  for (const error of lasting) expect(isTransient(error)).toBe(false)
})

test('an error that is its own cause is looked at once', () => {
  const error = new Error('x')
  error.cause = error
  expect(isTransient(error)).toBe(false)
})
