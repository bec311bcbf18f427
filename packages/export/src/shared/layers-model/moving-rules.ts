// Rules for the stock layers that own nothing and compute nothing: they move, repeat, add or leave out values.
import { Type } from 'typebox'
import { ChannelsLast, Count, type Inferred, type LayerRule, onMaps, Pair, single } from './layer-rule.ts'
import { type Shape, sizeOf } from './shapes.ts'

const Edge = Type.Integer({ minimum: 0, maximum: 10_000 })
const Edges = Type.Array(Type.Array(Edge, { minItems: 2, maxItems: 2 }), { minItems: 2, maxItems: 2 })
/** Here it only says which two axes of [height, width, channels] are meant: the first two, or with channels first the last. */
const DataFormat = Type.Optional(Type.Enum(['channels_last', 'channels_first']))

const MOST_AXES = 5

const zeroPadding2d = onMaps(Type.Object({ padding: Edges, data_format: DataFormat }), (config, map) =>
  moved(resized(map, { ...config, edges: config.padding, sign: 1 })),
)

const cropping2d = onMaps(Type.Object({ cropping: Edges, data_format: DataFormat }), (config, map) => {
  const output = resized(map, { ...config, edges: config.cropping, sign: -1 })
  return output.every((size) => size >= 1) ? moved(output) : `crops all of [${map.join(', ')}] away`
})

const upSampling2d = onMaps(
  Type.Object({
    size: Pair,
    interpolation: Type.Optional(Type.Enum(['nearest', 'bilinear'])),
    data_format: ChannelsLast,
  }),
  ({ size: [down = 1, across = 1] }, [height, width, channels]) => moved([height * down, width * across, channels]),
)

const reshape = single(
  Type.Object({ target_shape: Type.Array(Count, { minItems: 1, maxItems: MOST_AXES }) }),
  ({ target_shape: target }, input) =>
    sizeOf(target) === sizeOf(input)
      ? moved(target)
      : `makes [${target.join(', ')}] of the ${sizeOf(input)} values of [${input.join(', ')}]`,
)

const permute = single(
  Type.Object({
    dims: Type.Array(Type.Integer({ minimum: 1, maximum: MOST_AXES }), { minItems: 1, maxItems: MOST_AXES }),
  }),
  ({ dims }, input) => {
    const each = input.length === dims.length && input.every((_, axis) => dims.includes(axis + 1))
    return each
      ? moved(dims.map((axis) => input[axis - 1] ?? 0))
      : `orders the axes ${dims.join(', ')} of [${input.join(', ')}]`
  },
)

interface Resize {
  readonly edges: readonly (readonly number[])[]
  readonly sign: 1 | -1
  readonly data_format?: 'channels_last' | 'channels_first'
}

function resized(map: Shape, { edges, sign, data_format = 'channels_last' }: Resize): Shape {
  const first = data_format === 'channels_last' ? 0 : 1
  return map.map((size, axis) => size + sign * (edges[axis - first] ?? []).reduce((sum, edge) => sum + edge, 0))
}

function moved(output: Shape): Inferred {
  return { output, weights: [] }
}

/** By class name as written in model.json. */
export const MOVING_RULES: Readonly<Record<string, LayerRule>> = {
  ZeroPadding2D: zeroPadding2d,
  Cropping2D: cropping2d,
  UpSampling2D: upSampling2d,
  Reshape: reshape,
  Permute: permute,
}
