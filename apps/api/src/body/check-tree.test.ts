import { expect, test } from 'vitest'
import { checkTree } from './check-tree.ts'
import { MAX_DEPTH, parseJson } from './parse-json.ts'

test('ordinary values have no faults', () => {
  expect(checkTree({ a: [1, 'two', null, { b: true }], emoji: '🥃' })).toEqual([])
})

test.each(['__proto__', 'constructor', 'prototype'])('the key %s is refused at any depth, with its path', (key) => {
  const [fault] = checkTree(parseJson(`{"a/b": [{"${key}": {"admin": true}}]}`))
  expect(fault?.path).toBe(`/a~1b/0/${key}`)
})

test.each([
  ['NUL', 'a\0b'],
  ['half a surrogate pair', 'a\ud83e'],
])('%s is refused in values and in keys', (_what, text) => {
  expect(checkTree({ name: text })).toMatchObject([{ path: '/name' }])
  expect(checkTree({ [text]: 1 })).toHaveLength(1)
})

test('a value that is used many times counts many times', () => {
  const laugh = Array(10).fill('lol')
  const laughs = Array(10).fill(Array(10).fill(laugh))
  expect(checkTree(laughs, 5000)).toEqual([])
  expect(checkTree(laughs, 500)).toMatchObject([{ message: 'the body has too many values' }])
})

test('values of a few levels are not too deep, those of more are', () => {
  const nest = (levels: number): unknown => (levels === 0 ? 1 : [nest(levels - 1)])
  expect(checkTree(nest(MAX_DEPTH))).toEqual([])
  expect(checkTree(nest(MAX_DEPTH + 1))).toMatchObject([{ message: 'the body is nested too deeply' }])
})

test('a value that holds itself is refused', () => {
  const loop: unknown[] = []
  loop.push(loop)
  expect(checkTree(loop)).toMatchObject([{ message: 'the body is nested too deeply' }])
})
