// A recorded graph as plain data, between the recorder that makes it and the encoder that writes it.

/** Values of a constant, in TensorFlow's memory layout (little-endian, row-major). */
export interface ConstantValue {
  readonly dtype: number
  readonly shape: readonly number[]
  readonly bytes: Uint8Array
}

export type NodeAttr =
  | { readonly type: number }
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly bool: boolean }
  | { readonly bools: readonly boolean[] }
  | { readonly string: string }
  | { readonly shape: readonly number[] }
  | { readonly tensor: ConstantValue }

export interface GraphNode {
  /** Unique in its graph. */
  readonly name: string
  /** Name in TensorFlow's op registry. */
  readonly op: string
  readonly inputs: readonly ValueRef[]
  /** Nodes that must have run before this one. */
  readonly controls: readonly GraphNode[]
  readonly attrs: Readonly<Record<string, NodeAttr>>
}

/** One output of a node. */
export interface ValueRef {
  readonly node: GraphNode
  readonly index: number
  readonly dtype: number
  readonly shape: readonly number[]
}

/** The value of a Const node. */
export function tensorOf(node: GraphNode): ConstantValue {
  return (node.attrs['value'] as Extract<NodeAttr, { tensor: unknown }>).tensor
}

/** As GraphDef and sessions name it. */
export function refName({ node, index }: Pick<ValueRef, 'node' | 'index'>): string {
  return index === 0 ? node.name : `${node.name}:${index}`
}

/**
 * All nodes that the given ones need, each after those it depends on. Everything else would only cost time to load.
 * @param replaced nodes that stand in for others of the same name
 */
export function reachable(
  roots: readonly GraphNode[],
  replaced: ReadonlyMap<string, GraphNode> = new Map(),
): GraphNode[] {
  const current = (node: GraphNode) => replaced.get(node.name) ?? node
  const order = new Set<GraphNode>()
  const open = new Set<GraphNode>()
  const stack = roots.map(current).reverse()
  while (stack.length > 0) {
    const node = stack.at(-1) as GraphNode
    const sources = [...node.inputs.map((ref) => ref.node), ...node.controls].map(current)
    const needed = sources.filter((source) => !order.has(source))
    if (order.has(node) || open.has(node) || needed.length === 0) {
      stack.pop()
      order.add(node)
    } else {
      open.add(node)
      stack.push(...needed.reverse())
    }
  }
  return [...order]
}
