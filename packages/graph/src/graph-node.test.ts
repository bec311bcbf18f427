import { expect, test } from 'vitest'
import { type GraphNode, reachable, refName } from './graph-node.ts'

function node(name: string, inputs: GraphNode[] = [], controls: GraphNode[] = []): GraphNode {
  const refs = inputs.map((input) => ({ node: input, index: 0, dtype: 1, shape: [] }))
  return { name, op: 'Identity', inputs: refs, controls, attrs: {} }
}

test('only what the roots need is left, dependencies first', () => {
  const a = node('a')
  const b = node('b', [a])
  node('unused', [b])
  const c = node('c', [a, b], [node('control')])
  expect(reachable([c]).map(({ name }) => name)).toEqual(['a', 'b', 'control', 'c'])
})

test('a node that many paths reach is listed once', () => {
  const a = node('a')
  const [left, right] = [node('left', [a]), node('right', [a])]
  const names = reachable([node('join', [left, right]), left]).map(({ name }) => name)
  expect(names).toEqual(['a', 'left', 'right', 'join'])
})

test('a chain of a hundred thousand nodes does not exhaust the stack', () => {
  let last = node('0')
  for (let i = 1; i < 100_000; i++) last = node(String(i), [last])
  expect(reachable([last])).toHaveLength(100_000)
})

test('the first output of a node goes by the node’s name alone', () => {
  const value = { node: node('x'), dtype: 1, shape: [] }
  expect(refName({ ...value, index: 0 })).toBe('x')
  expect(refName({ ...value, index: 2 })).toBe('x:2')
})
