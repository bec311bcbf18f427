// What a rule for one stock layer is: what its configuration must look like, what shape it gives, which weights it owns.
import { type Static, type TObject, Type } from 'typebox'
import type { Shape } from './shapes.ts'

export interface WeightSpec {
  readonly name: string
  readonly shape: Shape
}

export interface Inferred {
  readonly output: Shape
  /** In any order; names without the layer's. */
  readonly weights: readonly WeightSpec[]
}

export interface LayerRule {
  readonly config: TObject
  /** @returns what the layer gives for these inputs, or the problem in words */
  readonly infer: (config: unknown, inputs: readonly Shape[]) => Inferred | string
}

export const Count = Type.Integer({ minimum: 1, maximum: 1_000_000 })
export const Pair = Type.Array(Count, { minItems: 2, maxItems: 2 })
export const ChannelsLast = Type.Optional(Type.Enum(['channels_last']))

export function rule<T extends TObject>(
  config: T,
  infer: (config: Static<T>, inputs: readonly Shape[]) => Inferred | string,
): LayerRule {
  return { config, infer: (given, inputs) => infer(given as Static<T>, inputs) }
}

/** A rule for layers with one input. */
export function single<T extends TObject>(
  config: T,
  infer: (config: Static<T>, input: Shape) => Inferred | string,
): LayerRule {
  return rule(config, (given, inputs) => {
    const [input] = inputs
    return input === undefined || inputs.length > 1 ? `takes one input, has ${inputs.length}` : infer(given, input)
  })
}

/** A rule for layers on maps [height, width, channels]. */
export function onMaps<T extends TObject>(
  config: T,
  infer: (config: Static<T>, map: readonly [number, number, number]) => Inferred | string,
): LayerRule {
  return single(config, (given, input) => {
    const [height, width, channels] = input
    if (input.length !== 3 || height === undefined || width === undefined || channels === undefined)
      return `takes [height, width, channels], receives [${input.join(', ')}]`
    return infer(given, [height, width, channels])
  })
}
