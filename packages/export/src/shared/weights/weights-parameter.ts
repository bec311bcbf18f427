// How exactly a format stores weights: one parameter, named and valued as in tfjs weight manifests, for every format
// that has the choice.
import { type Static, Type } from 'typebox'

export const WEIGHTS = ['float32', 'float16', 'uint16', 'uint8'] as const
/** All but float32. */
export type QuantisedType = Exclude<(typeof WEIGHTS)[number], 'float32'>

export const WeightsParameter = Type.Object(
  {
    weights: Type.Enum([...WEIGHTS], {
      default: 'float32',
      description: 'numbers that kernels are stored as: float16 halves a file, uint8 quarters it; vectors stay float32',
    }),
  },
  { additionalProperties: false },
)

/** @returns the type that checked parameters ask for; null for float32 */
export function quantisedType(params: unknown): QuantisedType | null {
  const { weights = 'float32' } = params as Partial<Static<typeof WeightsParameter>>
  return weights === 'float32' ? null : weights
}
