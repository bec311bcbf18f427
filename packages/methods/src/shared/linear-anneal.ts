// A weight that moves along a line while a stage runs.
import type { Scalar, Tf } from '@stillhouse/engine'

export interface LinearAnneal {
  /** Value up to epoch `start`. */
  readonly from: number
  /** Value from epoch `start + over` on. */
  readonly to: number
  /** Epochs of the training before it begins. */
  readonly start: number
  /** Epochs that it takes, > 0. */
  readonly over: number
}

/** @param epoch epochs done, `step.epoch` */
export function linearAnneal(tf: Tf, epoch: Scalar, { from, to, start, over }: LinearAnneal): Scalar {
  const done = tf.clipByValue(epoch.sub(start).div(over), 0, 1)
  return done.mul(to - from).add(from)
}
