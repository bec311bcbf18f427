// The plainest ensemble: the mean of the logits of its members.
import type { Tensor, Tf } from '@stillhouse/engine'

/** (1/n) Σ_k z_k, [B, K]. */
export function meanLogits(tf: Tf, logits: readonly Tensor[]): Tensor {
  return tf.mean(tf.stack([...logits]), 0)
}
