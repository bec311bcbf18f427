// What each layer kind does to shapes, weights and multiply-adds. One table, so that counting, checking and building
// can never disagree about a layer.
import type { LayerSpec, Padding } from '../contracts/architecture.ts'
import { movedShape } from './moved-shape.ts'
import { product, type Shape, show } from './shape.ts'

/** What a layer makes of its inputs: its output, or why it cannot. */
export type LayerShape =
  | { readonly ok: true; readonly shape: readonly number[]; readonly params: number; readonly macs: number }
  | { readonly ok: false; readonly message: string; readonly expected: string; readonly received: string }

/** @param inputs shapes of the layer's inputs without the batch axis, at least one */
export function layerShape(layer: LayerSpec, inputs: readonly Shape[]): LayerShape {
  const input = inputs[0] ?? []
  switch (layer.type) {
    case 'conv2d':
    case 'depthwiseConv2d':
      return convolution(layer, input)
    case 'conv2dTranspose':
      return transposed(layer, input)
    case 'maxPool':
    case 'avgPool':
      return pooled(layer, input)
    case 'dense':
      return input.length === 1 ? dense(layer, input[0] ?? 0) : wrongRank(layer.type, 1, input)
    case 'batchNorm':
      return { ok: true, shape: input, params: 2 * (input.at(-1) ?? 0), macs: 0 }
    case 'activation':
    case 'dropout':
      return unchanged(input)
    case 'flatten':
      return unchanged([product(input)])
    case 'zeroPad':
    case 'channelPad':
    case 'channelCrop':
    case 'reshape':
    case 'permute':
    case 'upsample2d': {
      const moved = movedShape(layer, input)
      return moved.ok ? unchanged(moved.shape) : moved
    }
    case 'globalAvgPool':
      return input.length === 3 ? unchanged([input[2] ?? 0]) : wrongRank(layer.type, 3, input)
    case 'add':
      return joined(layer.type, inputs, input, (shape) => same(shape, input))
    case 'concat':
      return joined(layer.type, inputs, concatenated(inputs), (shape) => same(shape.slice(0, -1), input.slice(0, -1)))
  }
}

function convolution(layer: Extract<LayerSpec, { type: 'conv2d' | 'depthwiseConv2d' }>, input: Shape): LayerShape {
  const window = slide(layer, input, layer.kernel)
  if (!window.ok) return window
  const channels = input[2] ?? 0
  const [height = 0, width = 0] = window.shape
  const filters = layer.type === 'conv2d' ? layer.filters : channels
  const perPosition = layer.kernel ** 2 * (layer.type === 'conv2d' ? channels * filters : channels)
  return {
    ok: true,
    shape: [height, width, filters],
    params: perPosition + (layer.bias ? filters : 0),
    macs: height * width * perPosition,
  }
}

/** Every value of the input meets the whole kernel once; what falls over the edge is counted too. */
function transposed(layer: Extract<LayerSpec, { type: 'conv2dTranspose' }>, input: Shape): LayerShape {
  if (input.length !== 3) return wrongRank(layer.type, 3, input)
  const [height = 0, width = 0, channels = 0] = input
  const more = layer.padding === 'same' ? 0 : Math.max(layer.kernel - layer.stride, 0)
  const kernel = layer.kernel ** 2 * channels * layer.filters
  return {
    ok: true,
    shape: [height * layer.stride + more, width * layer.stride + more, layer.filters],
    params: kernel + (layer.bias ? layer.filters : 0),
    macs: height * width * kernel,
  }
}

function pooled(layer: Extract<LayerSpec, { type: 'maxPool' | 'avgPool' }>, input: Shape): LayerShape {
  const window = slide(layer, input, layer.size)
  return window.ok ? unchanged([...window.shape, input[2] ?? 0]) : window
}

interface Window {
  readonly type: string
  readonly stride: number
  readonly padding: Padding
}

/** Height and width after sliding a square window of `size` over [H, W, C]. */
function slide({ type, stride, padding }: Window, input: Shape, size: number): LayerShape {
  if (input.length !== 3) return wrongRank(type, 3, input)
  const [height = 0, width = 0] = input
  if (padding === 'same') return unchanged([Math.ceil(height / stride), Math.ceil(width / stride)])
  if (Math.min(height, width) < size)
    return {
      ok: false,
      message: `a ${type} window of ${size} × ${size} without padding is larger than its input`,
      expected: `an input of at least ${size} × ${size}`,
      received: `${height} × ${width}`,
    }
  return unchanged([Math.floor((height - size) / stride) + 1, Math.floor((width - size) / stride) + 1])
}

function dense(layer: Extract<LayerSpec, { type: 'dense' }>, inputs: number): LayerShape {
  const macs = inputs * layer.units
  return { ok: true, shape: [layer.units], params: macs + (layer.bias ? layer.units : 0), macs }
}

function joined(type: string, inputs: readonly Shape[], shape: Shape, fits: (shape: Shape) => boolean): LayerShape {
  if (inputs.length >= 2 && inputs.every(fits)) return unchanged(shape)
  return {
    ok: false,
    message: `${type} cannot join these inputs`,
    expected:
      type === 'add' ? 'two or more inputs of one shape' : 'two or more inputs that differ in the last axis only',
    received: inputs.map(show).join(' and '),
  }
}

function concatenated(inputs: readonly Shape[]): Shape {
  const last = inputs.reduce((sum, shape) => sum + (shape.at(-1) ?? 0), 0)
  return [...(inputs[0] ?? []).slice(0, -1), last]
}

function unchanged(shape: Shape): LayerShape {
  return { ok: true, shape, params: 0, macs: 0 }
}

function wrongRank(type: string, rank: number, input: Shape): LayerShape {
  const expected = rank === 1 ? '[features] (put flatten or globalAvgPool before it)' : '[height, width, channels]'
  return { ok: false, message: `${type} cannot take this input`, expected, received: show(input) }
}

function same(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i])
}
