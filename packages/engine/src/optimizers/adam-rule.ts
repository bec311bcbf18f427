// Adam (Kingma & Ba 2015, algorithm 1); AdamW (Loshchilov & Hutter 2019) is the same rule with decay taken elsewhere.
// The powers of the betas are states that are multiplied on, not recomputed: only so is a resumed run equal in every bit.
import type { OptimizerSpec } from '@stillhouse/spec'
import type { RuleSetup, UpdateRule } from './update-rule.ts'

export function adamRule({ tf, size, slot }: RuleSetup, spec: OptimizerSpec): UpdateRule {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = spec
  const first = slot('moment1', tf.zeros([size]))
  const second = slot('moment2', tf.zeros([size]))
  const power1 = slot('beta1Power', tf.scalar(1))
  const power2 = slot('beta2Power', tf.scalar(1))
  return (gradient) => {
    power1.assign(tf.mul(power1, beta1))
    power2.assign(tf.mul(power2, beta2))
    first.assign(tf.add(tf.mul(first, beta1), tf.mul(gradient, 1 - beta1)))
    second.assign(tf.add(tf.mul(second, beta2), tf.mul(tf.square(gradient), 1 - beta2)))
    const deviation = tf.add(tf.sqrt(tf.div(second, tf.sub(1, power2))), epsilon)
    return tf.div(tf.div(first, tf.sub(1, power1)), deviation)
  }
}
