import { afterEach, expect, test } from 'vitest'
import { tf } from '../test/native-tf.ts'
import { recordStep } from './record-step.ts'
import { stepGraph } from './step-graph.ts'
import type { Tensor, Variable } from './tf.ts'

afterEach(() => tf.disposeVariables())

function graphOf(variables: Variable[], step: (x: Tensor) => Record<string, Tensor>) {
  const run = (inputs: Record<string, Tensor>) => step(inputs['x'] as Tensor)
  return stepGraph(
    recordStep({ tf, name: 'graph', inputs: { x: tf.scalar(1) }, variables, step: run, ownInputs: true }),
  )
}

test('only what a step touches is pushed, and only what it changes is pulled', () => {
  const [read, changed, untouched] = [1, 2, 3].map((value) => tf.variable(tf.scalar(value))) as [
    Variable,
    Variable,
    Variable,
  ]
  const graph = graphOf([read, changed, untouched], (x) => {
    changed.assign(tf.mul(changed, read))
    return { x }
  })
  expect(graph.used).toEqual([read, changed])
  expect(graph.changed).toEqual([changed])
  expect(graph.pull.fetches.split(',')).toHaveLength(1)
  expect(graph.push.feeds.split(',')).toHaveLength(2)
})

test('what no output and no variable needs is not in the graph', () => {
  const graph = graphOf([], (x) => {
    tf.exp(x)
    return { y: tf.neg(x) }
  })
  const ops = graph.nodes.map(({ op }) => op)
  expect(ops).toContain('Neg')
  expect(ops).not.toContain('Exp')
})

test('every node comes after those it reads, and names are unique', () => {
  const w = tf.variable(tf.scalar(2))
  const { nodes } = graphOf([w], (x) => {
    w.assign(tf.add(w, x))
    return { y: tf.mul(w, x), z: w }
  })
  const seen = new Set<string>()
  for (const { name, inputs, controls } of nodes) {
    for (const before of [...inputs.map((input) => input.node), ...controls]) expect(seen).toContain(before.name)
    seen.add(name)
  }
  expect(seen.size).toBe(nodes.length)
})
