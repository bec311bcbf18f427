// What the optimisers have in common as a contract: a rule moves one weight tensor after the other, and has its state in
// slots. How a value comes to stand in a variable is not the rule's business: gradients may be accumulated first.
import type { OptimizerSpec } from '@stillhouse/spec'
import type { Scalar, Tensor, Tf, Variable } from '../contracts/tf.ts'

export interface RuleSetup {
  readonly tf: Tf
  readonly spec: OptimizerSpec
  /** What the rule moves. */
  readonly variables: readonly Variable[]
  /**
   * Makes a slot: a state of the rule that a checkpoint holds.
   * @param initial taken over and disposed
   */
  slot(name: string, initial: Tensor): Variable
}

/** Gives a variable its new value. */
export type SetVariable = (variable: Variable, value: Tensor) => void

interface Move {
  /** Place in the rule's variables. */
  readonly index: number
  /** Value to move from; weight decay that is not part of the gradient is in it. */
  readonly weight: Tensor
  /** Weight decay and clipping are in it, where they belong there. */
  readonly gradient: Tensor
  readonly rate: Scalar
}

/** One step of a rule. */
interface RuleStep {
  /** Sets the slots of one weight. @returns its new value */
  move(move: Move): Tensor
}

export interface UpdateRule {
  /** Begins a step: sets the slots that all weights share. */
  begin(set: SetVariable): RuleStep
}

/** A slot of zeros for each of the rule's variables: `name/0`, `name/1` … */
export function slotPerVariable({ tf, variables, slot }: RuleSetup, name: string): readonly Variable[] {
  return variables.map((variable, i) => slot(`${name}/${i}`, tf.zeros(variable.shape)))
}
