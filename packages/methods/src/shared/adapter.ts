// What stands between two features of unequal shape: a linear layer to the other's channels, after bringing maps to the
// other's size. One place, so that every method takes and refuses the same pairs.
import type { Architecture, LayerSpec } from '@stillhouse/engine'

export type Shape = readonly number[]

export interface AdapterOptions {
  /** [H, W, C] or [C], without the batch axis. */
  readonly from: Shape
  readonly to: Shape
  /** `always`: the linear layer also between equal shapes; `needed`: only where the channels differ. */
  readonly projection: 'always' | 'needed'
  /** Batch norm after the linear layer; default none. */
  readonly batchNorm?: boolean
}

/** An adapter, `architecture` null where none is needed, or why there can be none. */
export type Adapter =
  | { readonly ok: true; readonly architecture: Architecture | null }
  | { readonly ok: false; readonly message: string; readonly expected: string; readonly received: string }

export const showShape = (shape: Shape) => `[${shape.join(', ')}]`

/**
 * Maps: average pooling or nearest-neighbour enlargement to the size of `to`, then a 1×1 convolution. Vectors: a dense
 * layer; a map becomes a vector by global average pooling.
 */
export function adapterBetween({ from, to, projection, batchNorm = false }: AdapterOptions): Adapter {
  const resized = resize(from, to)
  if (!resized.ok) return resized
  const layers = [...resized.layers]
  if (projection === 'always' || from.at(-1) !== to.at(-1)) {
    layers.push(project(layers, to, !batchNorm))
    if (batchNorm) layers.push({ type: 'batchNorm', name: 'norm', inputs: ['project'], momentum: 0.9, epsilon: 1e-5 })
  }
  const output = layers.at(-1)?.name
  if (output === undefined) return { ok: true, architecture: null }
  return { ok: true, architecture: { inputShape: from, layers, output, taps: {} } }
}

type Resized = Extract<Adapter, { ok: false }> | { readonly ok: true; readonly layers: readonly LayerSpec[] }

function resize(from: Shape, to: Shape): Resized {
  const ranks = `${from.length} ${to.length}`
  if (ranks === '1 1') return { ok: true, layers: [] }
  if (ranks === '3 1') return { ok: true, layers: [{ type: 'globalAvgPool', name: 'pool', inputs: ['input'] }] }
  if (ranks === '3 3') return resizeMap(from, to)
  return impossible(from, to, 'a map [H, W, C] and a map or vector, or two vectors [C]')
}

function resizeMap(from: Shape, to: Shape): Resized {
  const [height, width] = [0, 1].map((axis) => [from[axis] ?? 0, to[axis] ?? 0] as const) as [Sides, Sides]
  if (height[0] === height[1] && width[0] === width[1]) return { ok: true, layers: [] }
  const [pool, poolAcross] = [window(height), window(width)]
  if (pool !== null && poolAcross !== null && pool.size === poolAcross.size && pool.stride === poolAcross.stride)
    return { ok: true, layers: [{ type: 'avgPool', name: 'resize', inputs: ['input'], ...pool, padding: 'valid' }] }
  const factor = height[1] / height[0]
  if (Number.isInteger(factor) && factor === width[1] / width[0])
    return { ok: true, layers: [{ type: 'upsample2d', name: 'resize', inputs: ['input'], size: factor }] }
  return impossible(from, to, 'maps of one size, a larger one that shrinks evenly, or a whole multiple on both sides')
}

/** What a side has and shall have. */
type Sides = readonly [number, number]

/** The smallest pooling window that takes one side to the other. */
function window([have, want]: Sides): { readonly size: number; readonly stride: number } | null {
  if (have < want) return null
  const stride = Math.floor(have / want)
  return { stride, size: have - (want - 1) * stride }
}

function project(before: readonly LayerSpec[], to: Shape, bias: boolean): LayerSpec {
  const place = { name: 'project', inputs: [before.at(-1)?.name ?? 'input'], bias, init: 'lecun' } as const
  const channels = to.at(-1) ?? 0
  if (to.length === 1) return { ...place, type: 'dense', units: channels }
  return { ...place, type: 'conv2d', filters: channels, kernel: 1, stride: 1, padding: 'same' }
}

function impossible(from: Shape, to: Shape, expected: string): Extract<Adapter, { ok: false }> {
  const received = `${showShape(from)} and ${showShape(to)}`
  return { ok: false, message: 'no adapter leads from one feature to the other', expected, received }
}
