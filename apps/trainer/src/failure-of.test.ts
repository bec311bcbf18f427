import { TrainingError } from '@stillhouse/engine'
import { expect, it } from 'vitest'
import { BackendError } from './backend.ts'
import { failureOf } from './failure-of.ts'

const systemError = (code: string): Error => Object.assign(new Error(`${code}: write`), { code })

it.each<[string, unknown, string]>([
  ['a foreseen error', new TrainingError('data.invalid', 'cut off'), 'data.invalid'],
  ['a full disk', systemError('ENOSPC'), 'resource.disk_full'],
  ['a disk quota', systemError('EDQUOT'), 'resource.disk_full'],
  [
    'TensorFlow out of memory',
    new Error('Invalid TF_Status: 8\nMessage: OOM when allocating tensor'),
    'resource.out_of_memory',
  ],
  ['a native allocation', new Error('std::bad_alloc'), 'resource.out_of_memory'],
  ['JavaScript out of memory', new RangeError('Array buffer allocation failed'), 'resource.out_of_memory'],
  ['another status of TensorFlow', new Error('Invalid TF_Status: 3\nMessage: shape'), 'trainer.error'],
  ['TensorFlow that does not load', new BackendError('Run `npm run setup`.'), 'trainer.error'],
  ['a bug', new TypeError('x is not a function'), 'trainer.error'],
  ['anything that was thrown', 'a string', 'trainer.error'],
])('%s has its code', (_, error, code) => {
  expect(failureOf(error).code).toBe(code)
})

it('names the kind of an error that nobody foresaw', () => {
  expect(failureOf(new TypeError('x is not a function')).message).toBe('TypeError: x is not a function')
})
