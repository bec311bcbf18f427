// Clipping by the norm over all gradients of a player (Pascanu et al. 2013).
import type { Tensor, Tf } from '../contracts/tf.ts'

/**
 * Scales all gradients down together when their norm is above `limit`.
 * @param limit undefined leaves them as they are
 */
export function clipGradients<T extends Tensor | undefined>(tf: Tf, gradients: readonly T[], limit?: number): T[] {
  const present = gradients.filter((gradient) => gradient !== undefined)
  if (limit === undefined || present.length === 0) return [...gradients]
  const norm = tf.sqrt(tf.addN(present.map((gradient) => tf.sum(tf.square(gradient)))))
  const factor = tf.div(limit, tf.maximum(norm, limit))
  return gradients.map((gradient) => (gradient === undefined ? gradient : tf.mul(gradient, factor)) as T)
}
