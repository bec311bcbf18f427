// A fused gradient is one TensorFlow op that tfjs's tape does not see, so it has no derivative of its own. Gradient
// functions ask here whether one is wanted, and then compose theirs of tfjs ops.
import type { Tf } from './tf.ts'

interface Tape {
  isTapeOn(): boolean
}

/** Inside a gradient function: whether the gradient itself is being differentiated. */
export function isTapeOn(tf: Tf): boolean {
  return (tf.engine() as unknown as Tape).isTapeOn()
}
