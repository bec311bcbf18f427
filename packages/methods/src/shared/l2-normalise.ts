// Vectors of length one, safe where a vector is zero.
import type { Tensor } from '@stillhouse/engine'
import type { Maths } from './maths.ts'

/** Squared length up to which a vector counts as zero. */
const ZERO = 1e-24

/**
 * x / ‖x‖ along the last axis. A vector of length 1e-12 or less becomes zero and gets no gradient: there its direction
 * says nothing, and the slope would have no bound.
 */
export function l2Normalise({ tf, ops }: Maths, x: Tensor): Tensor {
  const squares = x.square().sum(-1, true)
  const known = tf.cast(tf.greater(ops.stopGradient(squares), ZERO), 'float32')
  return x.mul(known).div(tf.sqrt(tf.maximum(squares, ZERO)))
}
