// Constants of a frozen graph in fewer bits: the file holds codes, and ops behind them make float32 again. TensorFlow
// runs those once, when it loads the graph, since all they read is constant.
import { DT } from './data-types.ts'
import type { ConstantValue, GraphNode, NodeAttr, ValueRef } from './graph-node.ts'

export interface FloatConstant {
  readonly shape: readonly number[]
  readonly values: Float32Array
}

export interface StoredConstant {
  readonly dtype: 'float16' | 'uint16' | 'uint8'
  /** Codes, little-endian, in the order of the values. */
  readonly bytes: Uint8Array
  /** value = code · scale + min; null: the codes are the values. */
  readonly affine: { readonly scale: number; readonly min: number } | null
}

/** Null: the constant stays as it is. */
export type StoreConstant = (constant: FloatConstant) => StoredConstant | null

const F32 = { type: DT.float32 } as const

function constantNode(name: string, tensor: ConstantValue): GraphNode {
  return { name, op: 'Const', inputs: [], controls: [], attrs: { dtype: { type: tensor.dtype }, value: { tensor } } }
}

function scalarNode(name: string, value: number): GraphNode {
  return constantNode(name, { dtype: DT.float32, shape: [], bytes: new Uint8Array(Float32Array.of(value).buffer) })
}

/** The float32 constant of a node, or undefined when it is another. */
function floatConstant({ op, attrs }: GraphNode): ConstantValue | undefined {
  const value = op === 'Const' ? attrs['value'] : undefined
  return value && 'tensor' in value && value.tensor.dtype === DT.float32 ? value.tensor : undefined
}

/** The nodes in the place of a constant; the last has its name and value. */
function restoring(name: string, shape: readonly number[], { dtype, bytes, affine }: StoredConstant): GraphNode[] {
  const float = (node: GraphNode): ValueRef => ({ node, index: 0, dtype: DT.float32, shape })
  const compute = (to: string, op: string, inputs: readonly ValueRef[], attrs: Record<string, NodeAttr>) =>
    ({ name: to, op, inputs, controls: [], attrs }) satisfies GraphNode
  const codes = constantNode(`${name}/codes`, { dtype: DT[dtype], shape, bytes })
  const types = { SrcT: { type: DT[dtype] }, DstT: F32, Truncate: { bool: false } }
  const toFloat = (to: string) => compute(to, 'Cast', [{ ...float(codes), dtype: DT[dtype] }], types)
  if (affine === null) return [codes, toFloat(name)]
  const counts = toFloat(`${name}/counts`)
  const [scale, min] = [scalarNode(`${name}/scale`, affine.scale), scalarNode(`${name}/min`, affine.min)]
  const scaled = compute(`${name}/scaled`, 'Mul', [float(counts), { ...float(scale), shape: [] }], { T: F32 })
  const sum = compute(name, 'AddV2', [float(scaled), { ...float(min), shape: [] }], { T: F32 })
  return [codes, counts, scale, min, scaled, sum]
}

/**
 * The same graph with its float32 constants stored as `store` says.
 * @param nodes every node after those it depends on
 */
export function storeConstants(nodes: readonly GraphNode[], store: StoreConstant): GraphNode[] {
  const replaced = new Map<string, GraphNode>()
  const now = (node: GraphNode) => replaced.get(node.name) ?? node
  return nodes.flatMap((node) => {
    const tensor = floatConstant(node)
    const values = tensor && new Float32Array(tensor.bytes.slice().buffer)
    const stored = tensor && values && store({ shape: tensor.shape, values })
    const added =
      tensor && stored
        ? restoring(node.name, tensor.shape, stored)
        : [
            {
              ...node,
              inputs: node.inputs.map((ref) => ({ ...ref, node: now(ref.node) })),
              controls: node.controls.map(now),
            },
          ]
    replaced.set(node.name, added.at(-1) as GraphNode)
    return added
  })
}
