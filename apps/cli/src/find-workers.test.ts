import type { Worker } from '@stillhouse/spec'
import { expect, test } from 'vitest'
import { findWorkers } from './find-workers.ts'

const worker = (id: string, name: string, state: Worker['state'], seconds = 0): Worker =>
  ({ id, name, state, lastSeenAt: new Date(seconds * 1000).toISOString() }) as Worker
const WORKERS = [
  worker('1', 'a', 'gone', 1),
  worker('2', 'a', 'active', 2),
  worker('3', 'b', 'gone', 9),
  worker('4', 'b', 'gone', 5),
  worker('5', 'c', 'draining'),
]

test.each([
  [['a'], ['2']],
  [['1'], ['1']],
  [['b'], ['3']],
  [
    ['c', 'a', '2'],
    ['5', '2'],
  ],
])('%j means the workers %j', (named, ids) => {
  expect(findWorkers(WORKERS, named).map(({ id }) => id)).toEqual(ids)
})

test('what is not there is named, with what is', () => {
  expect(() => findWorkers(WORKERS, ['a', 'd'])).toThrow('there is no worker d; those connected are a, c')
  expect(() => findWorkers([], ['d'])).toThrow('there is no worker d; none is connected')
})
