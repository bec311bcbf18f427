// The weights of a network with units taken out: what is left of each layer's, with the gates of the units before it folded
// in. In a chain in which every layer keeps a unit, each unit that is left has something that feeds it and something that
// reads it, so there are no dead paths to look for.
import { type Architecture, describeArchitecture, type Tensor, type Tf } from '@stillhouse/engine'
import type { LayerWeights } from './layer-weights.ts'

/** Numbers of the units that are left, ascending, by layer; a layer that is missing keeps all. */
export type KeptUnits = Readonly<Record<string, readonly number[]>>

export interface TakeUnits {
  readonly tf: Tf
  /** A chain, see `unitChain`. */
  readonly architecture: Architecture
  readonly from: LayerWeights
  /** Of the architecture `withUnits` of what is kept. */
  readonly to: LayerWeights
  readonly kept: KeptUnits
  /** Factors on the units of each layer, all of them, by layer; default 1. */
  readonly gates?: Readonly<Record<string, ArrayLike<number>>>
}

/** What a layer reads: which of the values that there were, and the factors on them. Null: all, as they are. */
interface Read {
  readonly kept: readonly number[]
  readonly factors: readonly number[]
}

/** Copies the weights; call on the host. */
export function takeUnits(given: TakeUnits): void {
  const { tf, architecture, to } = given
  const { shapes } = describeArchitecture(architecture)
  let read: Read | null = null
  for (const layer of architecture.layers) {
    const values = tf.tidy(() => remaining(given, layer.name, { read, type: layer.type }))
    values.forEach((value, i) => {
      to.get(layer.name)?.[i]?.assign(value)
      value.dispose()
    })
    if (layer.type === 'flatten') read = read && flattened(read, shapes.get(layer.inputs[0] ?? '') ?? [])
    if (layer.type === 'dense' || layer.type === 'conv2d') read = readOf(given, layer.name)
  }
}

interface Layer {
  readonly read: Read | null
  readonly type: Architecture['layers'][number]['type']
}

function remaining({ tf, from, kept }: TakeUnits, name: string, { read, type }: Layer): Tensor[] {
  const weights = from.get(name) ?? []
  const picked = (x: Tensor, which: readonly number[] | undefined, axis: number) =>
    which === undefined ? x.clone() : tf.gather(x, tf.tensor1d([...which], 'int32'), axis)
  // a depthwise kernel is [h, w, C, 1]
  if (type === 'batchNorm' || type === 'depthwiseConv2d')
    return weights.map((weight) => picked(weight, read?.kept, weight.rank === 4 ? 2 : 0))
  return weights.map((weight) => {
    if (weight.rank === 1) return picked(weight, kept[name], 0)
    const own = picked(weight, kept[name], weight.rank - 1)
    if (read === null) return own
    const shape = [...Array<number>(weight.rank - 2).fill(1), read.factors.length, 1]
    return picked(own, read.kept, weight.rank - 2).mul(tf.tensor(read.factors as number[], shape))
  })
}

function readOf({ kept, gates = {} }: TakeUnits, name: string): Read | null {
  const [units, factors] = [kept[name], gates[name]]
  if (units === undefined) return null
  return { kept: units, factors: units.map((unit) => factors?.[unit] ?? 1) }
}

/** A map [H, W, C] becomes H · W times its channels. */
function flattened({ kept, factors }: Read, shape: readonly number[]): Read {
  const channels = shape.at(-1) ?? 0
  const places = Array.from({ length: shape.reduce((all, size) => all * size, 1) / channels }, (_, place) => place)
  return {
    kept: places.flatMap((place) => kept.map((channel) => place * channels + channel)),
    factors: places.flatMap(() => factors),
  }
}
