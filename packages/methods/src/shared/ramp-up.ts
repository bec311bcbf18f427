// How long the weight of what networks teach each other rises while they know nothing yet.
import type { MethodSetup } from '@stillhouse/engine'
import { Type } from 'typebox'

/** Share of the training in the papers: 80 of 300 epochs. */
const SHARE = 80 / 300

/** A parameter. */
export const rampParameter = Type.Optional(
  Type.Number({
    minimum: 0,
    maximum: 100_000,
    description:
      'epochs over which the weight of the distillation rises, 0: none; default: 80 of every 300 epochs of the training',
  }),
)

/** @returns epochs, for `ops.ramp` */
export function rampOver(given: number | undefined, { epochs }: Pick<MethodSetup, 'epochs'>): number {
  return given ?? SHARE * epochs
}
