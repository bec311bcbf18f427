// Stochastic gradient descent, with momentum (Polyak) or Nesterov's, in the form of Sutskever et al. 2013 as PyTorch has it.
import { descentUpdate, momentumUpdate } from '@stillhouse/graph'
import type { Variable } from '../contracts/tf.ts'
import { type RuleSetup, slotPerVariable, type UpdateRule } from './update-rule.ts'

export function sgdRule(setup: RuleSetup): UpdateRule {
  const { tf, spec } = setup
  const { momentum = 0, nesterov = false } = spec
  if (momentum === 0) return { begin: () => ({ move: (move) => descentUpdate(tf, move) }) }
  const velocities = slotPerVariable(setup, 'velocity')
  return {
    begin: (set) => ({
      move: ({ index, ...move }) => {
        const slot = velocities[index] as Variable
        const { weight, velocity } = momentumUpdate(tf, { ...move, velocity: slot, momentum, nesterov })
        set(slot, velocity)
        return weight
      },
    }),
  }
}
