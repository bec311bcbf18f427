// Layers that compute nothing: they move, repeat, add or leave out values of a map.
import type {
  ChannelEdgeLayer,
  LayerSpec,
  PermuteLayer,
  ReshapeLayer,
  UpsampleLayer,
  ZeroPadLayer,
} from '../contracts/architecture.ts'
import { product, type Shape, show } from './shape.ts'

type MovingLayer = ZeroPadLayer | ChannelEdgeLayer | ReshapeLayer | PermuteLayer | UpsampleLayer

export type MovedShape =
  | { readonly ok: true; readonly shape: Shape }
  | { readonly ok: false; readonly message: string; readonly expected: string; readonly received: string }

/** @param input shape of the layer's input without the batch axis */
export function movedShape(layer: MovingLayer, input: Shape): MovedShape {
  switch (layer.type) {
    case 'reshape':
      return reshaped(layer, input)
    case 'permute':
      return permuted(layer, input)
    default:
      return input.length === 3 ? mapped(layer, input) : wrong(layer, '[height, width, channels]', input)
  }
}

function mapped(layer: Exclude<MovingLayer, ReshapeLayer | PermuteLayer>, input: Shape): MovedShape {
  const [height = 0, width = 0, channels = 0] = input
  switch (layer.type) {
    case 'zeroPad':
      return { ok: true, shape: [height + sum(layer.height), width + sum(layer.width), channels] }
    case 'upsample2d':
      return { ok: true, shape: [height * layer.size, width * layer.size, channels] }
    case 'channelPad':
      return { ok: true, shape: [height, width, channels + layer.before + layer.after] }
    case 'channelCrop': {
      const left = channels - layer.before - layer.after
      if (left > 0) return { ok: true, shape: [height, width, left] }
      return wrong(layer, `more than ${layer.before + layer.after} channels`, input)
    }
  }
}

function reshaped(layer: ReshapeLayer, input: Shape): MovedShape {
  if (product(layer.shape) === product(input)) return { ok: true, shape: layer.shape }
  return wrong(layer, `${product(layer.shape)} values, as ${show(layer.shape)} has`, input)
}

function permuted(layer: PermuteLayer, input: Shape): MovedShape {
  const each = layer.axes.toSorted((a, b) => a - b).every((axis, i) => axis === i + 1)
  if (each && layer.axes.length === input.length)
    return { ok: true, shape: layer.axes.map((axis) => input[axis - 1] ?? 0) }
  const expected = each
    ? `an input of ${layer.axes.length} axes`
    : `each axis from 1 to ${input.length} once in its axes`
  return wrong(layer, expected, each ? input : layer.axes)
}

function wrong({ type }: LayerSpec, expected: string, received: Shape): MovedShape {
  return { ok: false, message: `${type} cannot take this input`, expected, received: show(received) }
}

function sum([before, after]: readonly [number, number]): number {
  return before + after
}
