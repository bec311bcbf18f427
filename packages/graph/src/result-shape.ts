// Some ops are told the whole shape of their result, with the batch as a number. For any batch that number is taken from
// what they read.
import { DT } from './data-types.ts'
import { type GraphNode, tensorOf, type ValueRef } from './graph-node.ts'

/** Ops whose first input is the whole shape of their result, batch included, which takes no −1; and the input that has it. */
const RESULT_SHAPE: Readonly<Record<string, number>> = { Conv2DBackpropInput: 2 }

const I32 = { type: DT.int32 } as const

function intsNode(name: string, values: readonly number[], shape: readonly number[] = [values.length]): GraphNode {
  const tensor = { dtype: DT.int32, shape, bytes: new Uint8Array(Int32Array.from(values).buffer) }
  return { name, op: 'Const', inputs: [], controls: [], attrs: { dtype: I32, value: { tensor } } }
}

/** A node with such a shape, and before it those that put the batch of what it reads into the shape. */
export function withOwnBatch(node: GraphNode): GraphNode[] {
  const from = node.inputs[RESULT_SHAPE[node.op] ?? -1]
  const sizes = node.inputs[0]?.node
  if (from === undefined || sizes?.op !== 'Const') return [node]
  const rest = [...new Int32Array(tensorOf(sizes).bytes.slice().buffer)].slice(1)
  const name = (part: string) => `${node.name}/${part}`
  const ref = (to: GraphNode, shape: readonly number[]): ValueRef => ({ node: to, index: 0, dtype: DT.int32, shape })
  const compute = (part: string, op: string, inputs: readonly ValueRef[], attrs: GraphNode['attrs']): GraphNode => ({
    name: name(part),
    op,
    inputs,
    controls: [],
    attrs,
  })
  const shape = compute('shape', 'Shape', [from], { T: { type: from.dtype }, out_type: I32 })
  const [begin, one, axis, others] = [
    intsNode(name('begin'), [0]),
    intsNode(name('one'), [1]),
    intsNode(name('axis'), [0], []),
    intsNode(name('others'), rest),
  ]
  const sliced = [ref(shape, [rest.length + 1]), ref(begin, [1]), ref(one, [1])]
  const batch = compute('batch', 'Slice', sliced, { T: I32, Index: I32 })
  const parts = [ref(batch, [1]), ref(others, [rest.length]), ref(axis, [])]
  const whole = compute('sizes', 'ConcatV2', parts, { N: { int: 2 }, T: I32, Tidx: I32 })
  const inputs = [ref(whole, [rest.length + 1]), ...node.inputs.slice(1)]
  return [shape, begin, one, axis, others, batch, whole, { ...node, inputs }]
}

/** Whether a constant is nothing but the shapes of such ops' results, of which only the batch differs. */
export function isResultShape(node: GraphNode, other: GraphNode, nodes: readonly GraphNode[]): boolean {
  const [a, b] = [node, other].map((one) => tensorOf(one).bytes)
  if (a === undefined || b === undefined || Buffer.compare(a.subarray(4), b.subarray(4)) !== 0) return false
  const reads = nodes.flatMap(({ op, inputs }) =>
    inputs.flatMap((ref, i) => (ref.node.name === node.name ? [{ op, i }] : [])),
  )
  return reads.length > 0 && reads.every(({ op, i }) => op in RESULT_SHAPE && i === 0)
}
