import { expect, test } from 'vitest'
import { decode, type Field, messages, text } from '../test/decode-proto.ts'
import { encodeSavedModel } from './encode-graph.ts'
import type { ConstantValue, GraphNode, NodeAttr } from './graph-node.ts'

const node = (name: string, attrs: Record<string, NodeAttr> = {}): GraphNode => ({
  name,
  op: 'Op',
  inputs: [],
  controls: [],
  attrs,
})

function nodesOf(nodes: GraphNode[]): Field[][] {
  const meta = messages(decode(encodeSavedModel({ nodes, signatures: {} })), 2)[0] as Field[]
  return messages(messages(meta, 2)[0] as Field[], 1)
}

/** The fields of an attribute's AttrValue. */
function attrOf(attr: NodeAttr): Field[] {
  const entry = messages(nodesOf([node('n', { key: attr })])[0] as Field[], 5)[0] as Field[]
  expect(text(entry, 1)).toBe('key')
  return messages(entry, 2)[0] as Field[]
}

test('each kind of attribute goes into its field of AttrValue', () => {
  expect(attrOf({ string: 'SAME' })).toEqual([{ field: 2, value: new TextEncoder().encode('SAME') }])
  expect(attrOf({ int: -1 })).toEqual([{ field: 3, value: 2n ** 64n - 1n }])
  expect(attrOf({ float: 0.5 })).toEqual([{ field: 4, value: Uint8Array.from([0, 0, 0, 0x3f]) }])
  expect(attrOf({ bool: true })).toEqual([{ field: 5, value: 1n }])
  expect(attrOf({ type: 3 })).toEqual([{ field: 6, value: 3n }])
  expect(attrOf({ shape: [] })).toEqual([{ field: 7, value: new Uint8Array(0) }])
})

test('lists go into the list of their kind', () => {
  const list = (attr: NodeAttr) => messages(attrOf(attr), 1)[0]
  expect(list({ ints: [1, 2, 2, 1] })).toEqual([{ field: 3, value: Uint8Array.from([1, 2, 2, 1]) }])
  expect(list({ floats: [1] })).toEqual([{ field: 4, value: Uint8Array.from([0, 0, 0x80, 0x3f]) }])
  expect(list({ bools: [true, false] })).toEqual([{ field: 5, value: Uint8Array.from([1, 0]) }])
})

test('inputs come before control inputs, with the output’s number where it is not the first', () => {
  const a = node('a')
  const value = { node: a, dtype: 1, shape: [] }
  const reader: GraphNode = {
    ...node('b'),
    inputs: [
      { ...value, index: 0 },
      { ...value, index: 2 },
    ],
    controls: [node('c')],
  }
  const names = nodesOf([reader])[0]
    ?.filter(({ field }) => field === 3)
    .map(({ value }) => new TextDecoder().decode(value as Uint8Array))
  expect(names).toEqual(['a', 'a:2', '^c'])
})

function tensorOf(dtype: number, values: Float32Array | Int32Array): Field[] {
  const tensor: ConstantValue = { dtype, shape: [values.length], bytes: new Uint8Array(values.buffer) }
  return messages(attrOf({ tensor }), 8)[0] as Field[]
}

test('a constant of one value repeated is written as that value', () => {
  expect(tensorOf(1, new Float32Array(1000).fill(-0))[2]).toEqual({ field: 5, value: Uint8Array.from([0, 0, 0, 0x80]) })
  expect(tensorOf(3, new Int32Array(1000).fill(7))[2]).toEqual({ field: 7, value: Uint8Array.from([7]) })
})

test('any other constant is written with all its bytes', () => {
  const values = new Float32Array(1000).fill(1)
  values[999] = 2
  expect(tensorOf(1, values)[2]).toEqual({ field: 4, value: new Uint8Array(values.buffer) })
})
