// What the optimisers have in common as a contract: a rule turns the gradient of all its weights, laid end to end, into
// the direction in which they move. One vector instead of many small tensors keeps a step's number of ops small.
import type { Tensor, Tf, Variable } from '../contracts/tf.ts'

export interface RuleSetup {
  readonly tf: Tf
  /** Number of weights. */
  readonly size: number
  /** Makes a slot: a state of the rule that a checkpoint holds. */
  slot(name: string, initial: Tensor): Variable
}

/**
 * @param gradient [size], weight decay and clipping already in it
 * @returns [size]; the weights become w − rate × this
 */
export type UpdateRule = (gradient: Tensor) => Tensor
