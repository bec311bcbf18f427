// Stochastic gradient descent, with momentum (Polyak) or Nesterov's, in the form of Sutskever et al. 2013 as PyTorch has it.
import type { OptimizerSpec } from '@stillhouse/spec'
import type { RuleSetup, UpdateRule } from './update-rule.ts'

export function sgdRule({ tf, size, slot }: RuleSetup, spec: OptimizerSpec): UpdateRule {
  const momentum = spec.momentum ?? 0
  if (momentum === 0) return (gradient) => gradient
  const velocity = slot('velocity', tf.zeros([size]))
  return (gradient) => {
    const moved = tf.add(tf.mul(velocity, momentum), gradient)
    velocity.assign(moved)
    return spec.nesterov === true ? tf.add(gradient, tf.mul(moved, momentum)) : moved
  }
}
