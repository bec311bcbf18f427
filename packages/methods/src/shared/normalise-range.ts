// Values moved to 0 … 1 by the least and the greatest of them.
import type { Tensor } from '@stillhouse/engine'
import type { Maths } from './maths.ts'

/** Whose least and greatest value: of all of a sample's map, or of each of its channels. */
type RangeOf = 'sample' | 'channel'

export interface RangeOptions {
  readonly range: RangeOf
  /** Least range to divide by, > 0. */
  readonly minRange: number
}

/** (x − min) / max(max − min, minRange); min and max are constants in the gradient. @param maps [B, H, W, C] */
export function normaliseRange({ tf, ops }: Maths, maps: Tensor, { range, minRange }: RangeOptions): Tensor {
  const axes = range === 'sample' ? [1, 2, 3] : [1, 2]
  const values = ops.stopGradient(maps)
  const least = tf.min(values, axes, true)
  return maps.sub(least).div(tf.maximum(tf.max(values, axes, true).sub(least), minRange))
}
