// Gradients of several batches averaged before the weights move. Whether this batch is the last of them is decided by a
// counter in the graph: a traced step cannot branch, so it computes the move every time and keeps it when it is due.
import type { Tensor, Tf, Variable } from '../contracts/tf.ts'
import type { RuleSetup, SetVariable } from './update-rule.ts'
import { slotPerVariable } from './update-rule.ts'

interface Accumulated {
  /** Means over the batches so far, as they would be with none left out. */
  readonly gradients: readonly (Tensor | undefined)[]
  /** Takes the value where the move is due; otherwise the variable keeps what it has. */
  readonly set: SetVariable
}

export interface Accumulator {
  /** Takes one batch's gradients in. */
  add(gradients: readonly (Tensor | undefined)[]): Accumulated
}

/** @param batches averaged per move; 1 passes gradients through */
export function createAccumulator(setup: RuleSetup, batches: number): Accumulator {
  if (batches === 1) return { add: (gradients) => ({ gradients, set: (variable, value) => variable.assign(value) }) }
  const { tf, slot } = setup
  const sums = slotPerVariable(setup, 'accumulated')
  const counter = slot('accumulatedBatches', tf.scalar(0, 'int32'))
  return {
    add: (gradients) => {
      const count = tf.add(counter, tf.scalar(1, 'int32'))
      const due = tf.equal(count, tf.scalar(batches, 'int32'))
      counter.assign(tf.where(due, tf.zerosLike(count), count))
      const added = gradients.map((gradient, i) => accumulate(tf, { sum: sums[i] as Variable, gradient, batches, due }))
      return { gradients: added, set: (variable, value) => variable.assign(tf.where(due, value, variable)) }
    },
  }
}

interface Accumulate {
  readonly sum: Variable
  readonly gradient: Tensor | undefined
  readonly batches: number
  /** Whether the sum is used up by this batch. */
  readonly due: Tensor
}

function accumulate(tf: Tf, { sum, gradient, batches, due }: Accumulate): Tensor | undefined {
  if (gradient === undefined) return undefined
  const added = tf.add(sum, tf.div(gradient, batches))
  sum.assign(tf.where(due, tf.zerosLike(added), added))
  return added
}
