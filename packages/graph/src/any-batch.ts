// tfjs computes shapes in JavaScript, so a recording holds its batch size as numbers. Recording twice, with two sizes,
// shows which numbers those are: whatever differs is the batch, and becomes "any size".
import { DT } from './data-types.ts'
import { GraphError } from './graph-error.ts'
import { type ConstantValue, type GraphNode, refName, tensorOf, type ValueRef } from './graph-node.ts'
import { isResultShape, withOwnBatch } from './result-shape.ts'

/** Ops whose second or third input is a list of sizes in which −1 means "as many as there are". */
const SIZE_INPUT: Readonly<Record<string, number>> = { Reshape: 1, Slice: 2 }

/** Sizes that differ become −1. */
export function anyShape(a: readonly number[], b: readonly number[]): number[] {
  return a.map((size, axis) => (size === b[axis] ? size : -1))
}

/** The list of sizes with its batch set to −1, or undefined when that cannot say the same. */
function anySizes(a: ConstantValue, b: ConstantValue): ConstantValue | undefined {
  if (a.dtype !== DT.int32 || a.bytes.length !== b.bytes.length) return undefined
  const second = new Int32Array(b.bytes.slice().buffer)
  const sizes = new Int32Array(a.bytes.slice().buffer).map((size, i) => (size === second[i] ? size : -1))
  const unknown = sizes.filter((size) => size === -1).length
  return unknown === 1 ? { ...a, bytes: new Uint8Array(sizes.buffer) } : undefined
}

/** Whether a constant is nothing but the list of sizes of ops that understand −1. */
function isSizes(node: GraphNode, nodes: readonly GraphNode[]): boolean {
  const reads = (reader: GraphNode, ref: ValueRef, i: number) =>
    ref.node.name === node.name && SIZE_INPUT[reader.op] !== i
  return !nodes.some((reader) => reader.inputs.some((ref, i) => reads(reader, ref, i)))
}

/** What a difference between the recordings means, or undefined when there is none. */
function anyNode(a: GraphNode, b: GraphNode, nodes: readonly GraphNode[]): GraphNode | undefined {
  const same = JSON.stringify(a.attrs['shape']) === JSON.stringify(b.attrs['shape'])
  if (a.op === 'Placeholder' && !same) {
    const [first, second] = [a.attrs['shape'], b.attrs['shape']] as { shape: readonly number[] }[]
    return { ...a, attrs: { ...a.attrs, shape: { shape: anyShape(first?.shape ?? [], second?.shape ?? []) } } }
  }
  if (a.op !== 'Const' || Buffer.compare(tensorOf(a).bytes, tensorOf(b).bytes) === 0) return undefined
  // Not read any more when `withOwnBatch` is through.
  if (isResultShape(a, b, nodes)) return a
  const tensor = isSizes(a, nodes) ? anySizes(tensorOf(a), tensorOf(b)) : undefined
  if (tensor) return { ...a, attrs: { ...a.attrs, value: { tensor } } }
  const reader = nodes.find(({ inputs }) => inputs.some((ref) => ref.node.name === a.name))
  throw new GraphError(
    `The graph cannot take any batch size: ${reader?.op ?? 'an output'} has a constant that depends on it.`,
  )
}

/** What a node does and reads, apart from the values that may differ. */
function structure({ op, inputs, attrs }: GraphNode): string {
  const fixed = Object.entries(attrs).filter(
    ([key]) => !(op === 'Const' && key === 'value') && !(op === 'Placeholder' && key === 'shape'),
  )
  return JSON.stringify([op, inputs.map(refName), fixed])
}

/**
 * One graph for every batch size out of two recordings of the same function with different ones.
 * @throws GraphError when they differ in more than sizes
 */
export function anyBatch(first: readonly GraphNode[], second: readonly GraphNode[]): GraphNode[] {
  const odd = first.find((node, i) => structure(node) !== structure(second[i] ?? node))
  if (odd || first.length !== second.length) {
    throw new GraphError(
      `The graph cannot take any batch size: ${odd?.op ?? 'its length'} depends on it. Use batch: fixed.`,
    )
  }
  const any = first.map((node, i) => anyNode(node, second[i] as GraphNode, first) ?? node)
  return any.flatMap(withOwnBatch)
}
