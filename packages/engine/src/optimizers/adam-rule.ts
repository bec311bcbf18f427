// Adam (Kingma & Ba 2015, algorithm 1); AdamW (Loshchilov & Hutter 2019) is the same rule with decay taken elsewhere.
// The powers of the betas are states that are multiplied on, not recomputed: only so is a resumed run equal in every bit.
import { adamUpdate } from '@stillhouse/graph'
import type { Variable } from '../contracts/tf.ts'
import { type RuleSetup, slotPerVariable, type UpdateRule } from './update-rule.ts'

export function adamRule(setup: RuleSetup): UpdateRule {
  const { tf, spec, slot } = setup
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = spec
  const firsts = slotPerVariable(setup, 'moment1')
  const seconds = slotPerVariable(setup, 'moment2')
  const powers = [slot('beta1Power', tf.scalar(1)), slot('beta2Power', tf.scalar(1))] as const
  return {
    begin: (set) => {
      const [power1, power2] = [tf.mul(powers[0], beta1), tf.mul(powers[1], beta2)]
      set(powers[0], power1)
      set(powers[1], power2)
      return {
        move: ({ index, ...move }) => {
          const [first, second] = [firsts[index] as Variable, seconds[index] as Variable]
          const state = { moment1: first, moment2: second, power1, power2 }
          const { weight, moment1, moment2 } = adamUpdate(tf, { ...move, ...state, beta1, beta2, epsilon })
          set(first, moment1)
          set(second, moment2)
          return weight
        },
      }
    },
  }
}
