// RMSprop (Hinton, lecture 6e), with optional momentum, in PyTorch's form (ε outside the root).
import { descentUpdate, momentumUpdate } from '@stillhouse/graph'
import type { Variable } from '../contracts/tf.ts'
import { type RuleSetup, slotPerVariable, type UpdateRule } from './update-rule.ts'

export function rmspropRule(setup: RuleSetup): UpdateRule {
  const { tf, spec } = setup
  const { decay = 0.9, momentum = 0, epsilon = 1e-8 } = spec
  const squares = slotPerVariable(setup, 'meanSquare')
  const velocities = momentum === 0 ? [] : slotPerVariable(setup, 'velocity')
  return {
    begin: (set) => ({
      move: ({ index, weight, gradient, rate }) => {
        const old = squares[index] as Variable
        const square = tf.add(tf.mul(old, decay), tf.mul(tf.square(gradient), 1 - decay))
        set(old, square)
        const scaled = tf.div(gradient, tf.add(tf.sqrt(square), epsilon))
        const slot = velocities[index]
        if (slot === undefined) return descentUpdate(tf, { weight, gradient: scaled, rate })
        const state = { velocity: slot, momentum, nesterov: false }
        const moved = momentumUpdate(tf, { weight, gradient: scaled, rate, ...state })
        set(slot, moved.velocity)
        return moved.weight
      },
    }),
  }
}
