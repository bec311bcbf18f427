// Operations that tfjs lacks or does slowly, given to methods beside `tf`. Each has one home in the engine.
import type { Scalar, Tensor } from './tf.ts'

export interface Ops {
  /** Identity whose gradient is zero. */
  stopGradient<T extends Tensor>(x: T): T
  /**
   * Mean over the batch of softmax cross-entropy at temperature 1.
   * @param logits [B, K] @param labels classes [B] int32, or probabilities [B, K]
   */
  crossEntropy(logits: Tensor, labels: Tensor): Scalar
  /**
   * T² · mean_B Σ_K p_t^T (log p_t^T − log p_s^T) (Hinton et al. 2015, eq. 2 with its T² factor); `teacher` gets no gradient.
   * @param student [B, K] logits @param teacher [B, K] logits @param temperature T > 0
   */
  distillation(student: Tensor, teacher: Tensor, temperature: number): Scalar
  /**
   * exp(−5 (1 − min(epoch, over) / over)²) (Laine & Aila 2017): rises from 0.0067 to 1 over `over` epochs.
   * @param epoch epochs done, `step.epoch` @param over epochs; 0 gives 1
   */
  ramp(epoch: Scalar, over: number): Scalar
  /**
   * Uniform numbers in [0, 1) from a counter: the same (seed, step, site) gives the same numbers, traced or eager.
   * @param site unique name of the place that draws
   */
  randomUniform(shape: readonly number[], site: string): Tensor
  /** Standard normal numbers, keyed like randomUniform. */
  randomNormal(shape: readonly number[], site: string): Tensor
}
