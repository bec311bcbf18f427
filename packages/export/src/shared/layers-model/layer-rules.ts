// The stock layers that an uploaded or exported model may consist of, whose own sums are here: windows, products, joins.
// What is listed in neither this file nor moving-rules.ts is refused.
import { Type } from 'typebox'
import { ChannelsLast, Count, type LayerRule, onMaps, Pair, rule, single, type WeightSpec } from './layer-rule.ts'
import { MOVING_RULES } from './moving-rules.ts'
import { type Shape, sameShape, sizeOf, slide, type Window } from './shapes.ts'

const ACTIVATIONS = [
  'linear',
  'relu',
  'relu6',
  'elu',
  'selu',
  'sigmoid',
  'hard_sigmoid',
  'softmax',
  'softplus',
  'softsign',
  'tanh',
  'swish',
] as const

const Padding = Type.Enum(['same', 'valid'])
const NoDilation = Type.Optional(Type.Array(Type.Literal(1), { minItems: 2, maxItems: 2 }))
const ActivationName = Type.Enum([...ACTIVATIONS])
const Activated = { activation: Type.Optional(ActivationName), use_bias: Type.Optional(Type.Boolean()) }
const Empty = Type.Object({})

const unchanged = single(Empty, (_, input) => ({ output: input, weights: [] }))

function biasOf(config: { use_bias?: boolean }, size: number): WeightSpec[] {
  return config.use_bias === false ? [] : [{ name: 'bias', shape: [size] }]
}

const pairOf = (pair: readonly number[]) => [pair[0] ?? 1, pair[1] ?? 1] as const

interface Windowed {
  readonly strides?: readonly number[]
  readonly padding?: Window['padding']
}

function windowed(
  [height, width]: readonly [number, number, number],
  kernel: readonly number[],
  { strides = [1, 1], padding = 'valid' }: Windowed,
): readonly [number, number] | string {
  const window = { kernel: pairOf(kernel), strides: pairOf(strides), padding }
  return slide([height, width], window) ?? `its ${kernel.join('×')} window is larger than the ${height}×${width} map`
}

const Windowing = { strides: Pair, padding: Padding, data_format: ChannelsLast }

const conv2d = onMaps(
  Type.Object({ filters: Count, kernel_size: Pair, dilation_rate: NoDilation, ...Windowing, ...Activated }),
  (config, map) => {
    const area = windowed(map, config.kernel_size, config)
    if (typeof area === 'string') return area
    const kernel = { name: 'kernel', shape: [...config.kernel_size, map[2], config.filters] }
    return { output: [...area, config.filters], weights: [kernel, ...biasOf(config, config.filters)] }
  },
)

const conv2dTranspose = onMaps(
  Type.Object({
    filters: Count,
    kernel_size: Pair,
    dilation_rate: NoDilation,
    output_padding: Type.Optional(Type.Null()),
    ...Windowing,
    ...Activated,
  }),
  ({ filters, kernel_size, strides, padding, ...config }, [height, width, channels]) => {
    const grown = (size: number, axis: 0 | 1) => {
      const [kernel, stride] = [pairOf(kernel_size)[axis], pairOf(strides)[axis]]
      return size * stride + (padding === 'same' ? 0 : Math.max(kernel - stride, 0))
    }
    const kernel = { name: 'kernel', shape: [...kernel_size, filters, channels] }
    return { output: [grown(height, 0), grown(width, 1), filters], weights: [kernel, ...biasOf(config, filters)] }
  },
)

const depthwiseConv2d = onMaps(
  Type.Object({
    kernel_size: Pair,
    depth_multiplier: Type.Optional(Count),
    dilation_rate: NoDilation,
    ...Windowing,
    ...Activated,
  }),
  (config, map) => {
    const area = windowed(map, config.kernel_size, config)
    if (typeof area === 'string') return area
    const multiplier = config.depth_multiplier ?? 1
    const channels = map[2] * multiplier
    const kernel = { name: 'depthwise_kernel', shape: [...config.kernel_size, map[2], multiplier] }
    return { output: [...area, channels], weights: [kernel, ...biasOf(config, channels)] }
  },
)

const pool = onMaps(Type.Object({ pool_size: Pair, ...Windowing }), (config, map) => {
  const area = windowed(map, config.pool_size, config)
  return typeof area === 'string' ? area : { output: [...area, map[2]], weights: [] }
})

const globalPool = onMaps(Type.Object({ data_format: ChannelsLast }), (_, map) => ({ output: [map[2]], weights: [] }))

const dense = single(Type.Object({ units: Count, ...Activated }), (config, input) => {
  if (input.length !== 1) return `takes a vector, receives [${input.join(', ')}]; put a Flatten before it`
  const kernel = { name: 'kernel', shape: [input[0] ?? 0, config.units] }
  return { output: [config.units], weights: [kernel, ...biasOf(config, config.units)] }
})

const batchNormalization = single(
  Type.Object({
    axis: Type.Optional(Type.Integer()),
    scale: Type.Optional(Type.Boolean()),
    center: Type.Optional(Type.Boolean()),
  }),
  ({ axis = -1, scale = true, center = true }, input) => {
    if (axis !== -1 && axis !== input.length) return `normalises axis ${axis}, not the last`
    const names = [scale ? ['gamma'] : [], center ? ['beta'] : [], ['moving_mean', 'moving_variance']].flat()
    return { output: input, weights: names.map((name) => ({ name, shape: [input.at(-1) ?? 0] })) }
  },
)

const flatten = single(Type.Object({ data_format: ChannelsLast }), (_, input) => ({
  output: [sizeOf(input)],
  weights: [],
}))

const add = rule(Empty, (_, inputs) => {
  const [first] = inputs
  if (first === undefined || inputs.length < 2) return `joins at least two inputs, has ${inputs.length}`
  const fits = inputs.every((input) => sameShape(input, first))
  return fits ? { output: first, weights: [] } : `adds different shapes: ${inputs.map(shown).join(' and ')}`
})

const concatenate = rule(Type.Object({ axis: Type.Optional(Type.Integer()) }), ({ axis = -1 }, inputs) => {
  const [first] = inputs
  if (first === undefined || inputs.length < 2) return `joins at least two inputs, has ${inputs.length}`
  if (axis !== -1 && axis !== first.length) return `joins along axis ${axis}, not the last`
  const rest = first.slice(0, -1)
  if (!inputs.every((input) => sameShape(input.slice(0, -1), rest)))
    return `joins different shapes: ${inputs.map(shown).join(' and ')}`
  return { output: [...rest, inputs.reduce((sum, input) => sum + (input.at(-1) ?? 0), 0)], weights: [] }
})

const shown = (shape: Shape) => `[${shape.join(', ')}]`

/** By class name as written in model.json. */
export const LAYER_RULES: Readonly<Record<string, LayerRule>> = {
  Conv2D: conv2d,
  Conv2DTranspose: conv2dTranspose,
  DepthwiseConv2D: depthwiseConv2d,
  Dense: dense,
  BatchNormalization: batchNormalization,
  Activation: { ...unchanged, config: Type.Object({ activation: ActivationName }) },
  ReLU: unchanged,
  LeakyReLU: unchanged,
  ELU: unchanged,
  Softmax: unchanged,
  Dropout: unchanged,
  MaxPooling2D: pool,
  AveragePooling2D: pool,
  GlobalAveragePooling2D: globalPool,
  GlobalMaxPooling2D: globalPool,
  Flatten: flatten,
  Add: add,
  Concatenate: concatenate,
  ...MOVING_RULES,
}
