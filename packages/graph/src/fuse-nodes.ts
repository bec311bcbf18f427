// Rewrites of a recorded graph that tfjs's vocabulary prevents: TensorFlow's optimiser fuses a convolution or matrix
// product with the bias, sum and activation that follow, but only when they are spelt as it expects. A node is replaced
// under its own name, so nothing that reads it changes.
import { DT } from './data-types.ts'
import { type ConstantValue, type GraphNode, type NodeAttr, refName, type ValueRef } from './graph-node.ts'

const CONVOLUTIONS = new Set(['Conv2D', 'DepthwiseConv2dNative'])
const BATCH_NORMS = new Set(['FusedBatchNorm', 'FusedBatchNormV3'])

interface Rewrites {
  readonly replaced: Map<string, GraphNode>
  readonly added: GraphNode[]
  /** Folded weights by what they were folded of: a network that is run twice has them once. */
  readonly folds: Map<string, Folded>
}

const flag = (attr: NodeAttr | undefined) => attr !== undefined && 'bool' in attr && attr.bool
const text = (attr: NodeAttr | undefined) => (attr !== undefined && 'string' in attr ? attr.string : undefined)

/** The values of a float32 constant, or undefined for anything else. */
function floats(ref: ValueRef | undefined): Float32Array | undefined {
  const value = ref?.node.op === 'Const' ? ref.node.attrs['value'] : undefined
  if (value === undefined || !('tensor' in value) || value.tensor.dtype !== DT.float32) return undefined
  return new Float32Array(value.tensor.bytes.slice().buffer)
}

function constant(name: string, shape: readonly number[], values: Float32Array): ValueRef {
  const tensor: ConstantValue = { dtype: DT.float32, shape, bytes: new Uint8Array(values.buffer) }
  const attrs = { dtype: { type: DT.float32 }, value: { tensor } }
  return { node: { name, op: 'Const', inputs: [], controls: [], attrs }, index: 0, dtype: DT.float32, shape }
}

/** tfjs multiplies matrices as batches of one. */
function toMatMul(node: GraphNode): GraphNode | undefined {
  if (node.op !== 'BatchMatMulV2' || node.inputs.some(({ shape }) => shape.length !== 2)) return undefined
  const { T, adj_x, adj_y } = node.attrs as Record<string, NodeAttr>
  const attrs = { T, transpose_a: adj_x, transpose_b: adj_y } as Record<string, NodeAttr>
  return { ...node, op: 'MatMul', attrs }
}

function takesBias({ node, shape }: ValueRef): boolean {
  if (CONVOLUTIONS.has(node.op)) return text(node.attrs['data_format']) === 'NHWC'
  return node.op === 'BatchMatMulV2' && shape.length === 2
}

/** tfjs adds a bias like any other tensor. */
function toBiasAdd(node: GraphNode): GraphNode | undefined {
  const [x, bias] = node.inputs
  if ((node.op !== 'Add' && node.op !== 'AddV2') || x === undefined || bias === undefined) return undefined
  const fits = bias.shape.length === 1 && bias.shape[0] === x.shape.at(-1) && takesBias(x)
  return fits ? { ...node, op: 'BiasAdd', attrs: { ...node.attrs, data_format: { string: 'NHWC' } } } : undefined
}

/** tfjs reshapes what has the shape already. As an identity it is dropped before anything is fused. */
function toIdentity(node: GraphNode): GraphNode | undefined {
  const [x, sizes] = node.inputs
  const value = node.op === 'Reshape' && sizes?.node.op === 'Const' ? sizes.node.attrs['value'] : undefined
  if (x === undefined || value === undefined || !('tensor' in value) || value.tensor.dtype !== DT.int32)
    return undefined
  const shape = new Int32Array(value.tensor.bytes.slice().buffer)
  const same = shape.length === x.shape.length && shape.every((size, i) => size === -1 || size === x.shape[i])
  return same ? { ...node, op: 'Identity', inputs: [x], attrs: { T: node.attrs['T'] as NodeAttr } } : undefined
}

interface Folded {
  readonly filter: ValueRef
  readonly bias: ValueRef
}

/** γ (conv(x, W) − m) / √(v + ε) + β = conv(x, W γ / √(v + ε)) + (β − m γ / √(v + ε)) with everything but x constant. */
function foldedWeights(node: GraphNode): Folded | undefined {
  const [x, ...statistics] = node.inputs
  const filter = x?.node.inputs[1]
  const weights = floats(filter)
  const [gamma, beta, mean, variance] = statistics.map(floats)
  const epsilon = node.attrs['epsilon']
  if (!x || !filter || !weights || !gamma || !beta || !mean || !variance || !epsilon) return undefined
  const e = 'float' in epsilon ? epsilon.float : 0
  const scale = Float64Array.from(gamma, (g, i) => g / Math.sqrt((variance[i] as number) + e))
  const folded = weights.map((w, i) => w * (scale[i % scale.length] as number))
  const offset = beta.map((b, i) => b - (mean[i] as number) * (scale[i] as number))
  return {
    filter: constant(`${node.name}_filter`, filter.shape, folded),
    bias: constant(`${node.name}_bias`, [offset.length], offset),
  }
}

/** A frozen network's batch norm after a convolution that nothing else reads. */
function foldBatchNorm(node: GraphNode, readers: ReadonlyMap<string, number>, rewrites: Rewrites): void {
  const x = node.inputs[0]
  const frozen = BATCH_NORMS.has(node.op) && !flag(node.attrs['is_training'])
  if (!frozen || x === undefined || !takesBias(x) || readers.get(x.node.name) !== 1) return
  const folded = foldOnce(node, x.node, rewrites)
  if (!folded) return
  const { filter, bias } = folded
  rewrites.replaced.set(x.node.name, { ...x.node, inputs: [x.node.inputs[0] as ValueRef, filter] })
  const attrs = { T: { type: DT.float32 }, data_format: { string: 'NHWC' } }
  rewrites.replaced.set(node.name, { ...node, op: 'BiasAdd', inputs: [x, bias], attrs })
}

function foldOnce(node: GraphNode, conv: GraphNode, { added, folds }: Rewrites): Folded | undefined {
  const sources = [conv.inputs[1], ...node.inputs.slice(1)].map((ref) => ref && refName(ref))
  const key = JSON.stringify([...sources, node.attrs['epsilon']])
  const known = folds.get(key)
  if (known !== undefined) return known
  const folded = foldedWeights(node)
  if (folded === undefined) return undefined
  added.push(folded.filter.node, folded.bias.node)
  folds.set(key, folded)
  return folded
}

/** How many times each node is read. */
function countReaders(nodes: readonly GraphNode[]): Map<string, number> {
  const readers = new Map<string, number>()
  for (const { node } of nodes.flatMap(({ inputs }) => inputs))
    readers.set(node.name, (readers.get(node.name) ?? 0) + 1)
  return readers
}

/** The same graph with the same names and, up to rounding, the same results. */
export function fuseNodes(nodes: readonly GraphNode[]): GraphNode[] {
  const rewrites: Rewrites = { replaced: new Map(), added: [], folds: new Map() }
  const readers = countReaders(nodes)
  for (const node of nodes) {
    const better = toMatMul(node) ?? toBiasAdd(node) ?? toIdentity(node)
    if (better) rewrites.replaced.set(node.name, better)
    else foldBatchNorm(node, readers, rewrites)
  }
  const fused = [...rewrites.added, ...nodes.map((node) => rewrites.replaced.get(node.name) ?? node)]
  return withoutLeftovers(fused, readers)
}

/** Leaves out constants that only replaced nodes read: TensorFlow would hold the weights of a frozen network twice. */
function withoutLeftovers(nodes: readonly GraphNode[], before: ReadonlyMap<string, number>): GraphNode[] {
  const readers = countReaders(nodes)
  return nodes.filter(({ op, name }) => op !== 'Const' || readers.has(name) || !before.has(name))
}
