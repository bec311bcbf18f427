// The arithmetic of optimisers, one weight tensor at a time: new values out of old ones, on any backend. In a recorded step
// each becomes TensorFlow's own update op, one pass over memory in place of six to fourteen.
import { DT } from './data-types.ts'
import { describeUpdate } from './fused-update.ts'
import type { Scalar, Tensor, Tf } from './tf.ts'

const F32 = { T: { type: DT.float32 } } as const

export interface DescentInput {
  readonly weight: Tensor
  /** Same shape as `weight`. */
  readonly gradient: Tensor
  readonly rate: Scalar
}

/** w − rate · g */
export function descentUpdate(tf: Tf, { weight, gradient, rate }: DescentInput): Tensor {
  const moved = tf.sub(weight, tf.mul(gradient, rate))
  const states = [{ before: weight, after: moved }]
  describeUpdate(tf, { op: 'ResourceApplyGradientDescent', attrs: F32, states, inputs: () => [rate, gradient] })
  return moved
}

export interface MomentumInput extends DescentInput {
  readonly velocity: Tensor
  readonly momentum: number
  readonly nesterov: boolean
}

export interface MomentumOutput {
  readonly weight: Tensor
  readonly velocity: Tensor
}

/** v ← μ v + g; w ← w − rate · v, with Nesterov w − rate · (g + μ v) (Sutskever et al. 2013, as in PyTorch). */
export function momentumUpdate(tf: Tf, input: MomentumInput): MomentumOutput {
  const { weight, gradient, rate, momentum, nesterov } = input
  const velocity = tf.add(tf.mul(input.velocity, momentum), gradient)
  const direction = nesterov ? tf.add(gradient, tf.mul(velocity, momentum)) : velocity
  const moved = tf.sub(weight, tf.mul(direction, rate))
  describeUpdate(tf, {
    op: 'ResourceApplyMomentum',
    attrs: { ...F32, use_nesterov: { bool: nesterov } },
    states: [
      { before: weight, after: moved },
      { before: input.velocity, after: velocity },
    ],
    inputs: () => [rate, gradient, tf.scalar(momentum)],
  })
  return { weight: moved, velocity }
}

export interface AdamInput extends DescentInput {
  readonly moment1: Tensor
  readonly moment2: Tensor
  /** β₁ᵗ and β₂ᵗ of this step, t ≥ 1. */
  readonly power1: Tensor
  readonly power2: Tensor
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
}

export interface AdamOutput {
  readonly weight: Tensor
  readonly moment1: Tensor
  readonly moment2: Tensor
}

/** Adam (Kingma & Ba 2015, algorithm 1), ε outside the root and after the correction. */
export function adamUpdate(tf: Tf, input: AdamInput): AdamOutput {
  const { weight, gradient, rate, beta1, beta2, epsilon } = input
  const moment1 = tf.add(tf.mul(input.moment1, beta1), tf.mul(gradient, 1 - beta1))
  const moment2 = tf.add(tf.mul(input.moment2, beta2), tf.mul(tf.square(gradient), 1 - beta2))
  const [share1, share2] = [tf.sub(1, input.power1), tf.sub(1, input.power2)]
  const deviation = tf.add(tf.sqrt(tf.div(moment2, share2)), epsilon)
  const moved = tf.sub(weight, tf.div(tf.mul(moment1, tf.div(rate, share1)), deviation))
  describeUpdate(tf, {
    op: 'ResourceApplyAdam',
    attrs: F32,
    states: [
      { before: weight, after: moved },
      { before: input.moment1, after: moment1 },
      { before: input.moment2, after: moment2 },
    ],
    // the op corrects the rate, not the moments: ε is scaled to come out the same
    inputs: () => [
      input.power1,
      input.power2,
      rate,
      tf.scalar(beta1),
      tf.scalar(beta2),
      tf.mul(tf.sqrt(share2), epsilon),
      gradient,
    ],
  })
  return { weight: moved, moment1, moment2 }
}
