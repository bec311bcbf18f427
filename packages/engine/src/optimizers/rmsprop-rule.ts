// RMSprop (Hinton, lecture 6e), with optional momentum, in PyTorch's form (ε outside the root).
import type { OptimizerSpec } from '@stillhouse/spec'
import type { RuleSetup, UpdateRule } from './update-rule.ts'

export function rmspropRule({ tf, size, slot }: RuleSetup, spec: OptimizerSpec): UpdateRule {
  const { decay = 0.9, momentum = 0, epsilon = 1e-8 } = spec
  const square = slot('meanSquare', tf.zeros([size]))
  const velocity = momentum === 0 ? undefined : slot('velocity', tf.zeros([size]))
  return (gradient) => {
    square.assign(tf.add(tf.mul(square, decay), tf.mul(tf.square(gradient), 1 - decay)))
    const scaled = tf.div(gradient, tf.add(tf.sqrt(square), epsilon))
    if (velocity === undefined) return scaled
    velocity.assign(tf.add(tf.mul(velocity, momentum), scaled))
    return velocity
  }
}
