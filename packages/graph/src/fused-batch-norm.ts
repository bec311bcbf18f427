// Batch normalisation of a training step as TensorFlow's fused op and its fused gradient. Composed from tfjs ops it is
// a dozen passes over the activations; fused it is two.
import { executeOp } from './execute-op.ts'
import { isNative } from './native-backend.ts'
import { isTapeOn } from './tape.ts'
import type { Tensor, Tensor1D, Tf } from './tf.ts'

export interface BatchNormInput {
  /** [B, …, C] float32, rank 2 to 4; statistics are over all axes but the last. */
  readonly x: Tensor
  /** Scale, [C]. */
  readonly gamma: Tensor
  /** Offset, [C]. */
  readonly beta: Tensor
  /** Added to the variance. */
  readonly epsilon: number
}

export interface BatchNormInferenceInput extends BatchNormInput {
  /** Moving statistics, [C]. */
  readonly mean: Tensor
  readonly variance: Tensor
}

export interface BatchNormOutput {
  /** Same shape as x. */
  readonly y: Tensor
  /** Mean of the batch, [C]; no gradient flows through it. */
  readonly mean: Tensor
  /**
   * Variance of the batch for a moving statistic, [C]; no gradient. As TensorFlow gives it: with Bessel's correction
   * (sum of squares / (n − 1)), while y is normalised by the plain variance (/ n).
   */
  readonly variance: Tensor
}

function composed(tf: Tf, { x, gamma, beta, epsilon }: BatchNormInput): BatchNormOutput {
  const axes = x.shape.slice(0, -1).map((_, axis) => axis)
  const n = x.size / (x.shape.at(-1) as number)
  const { mean, variance } = tf.moments(x, axes)
  const y = tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, epsilon))), gamma), beta)
  return { y, mean, variance: tf.mul(variance, n / Math.max(n - 1, 1)) }
}

/** [B, …, C] → [B, H, W, C], the only shape the fused op takes. */
function toRank4(x: Tensor): [number, number, number, number] {
  const [b, ...rest] = x.shape as [number, ...number[]]
  const c = rest.pop() as number
  return [b, rest[0] ?? 1, rest[1] ?? 1, c]
}

function attrsOf(epsilon: number, training: boolean) {
  return {
    T: { type: 'float32' },
    U: { type: 'float32' },
    epsilon: { float: epsilon },
    data_format: { string: 'NHWC' },
    is_training: { bool: training },
  } as const
}

/** The gradient in tfjs ops, for derivatives of it. */
function composedGradient(tf: Tf, epsilon: number, [dy, x, gamma]: readonly [Tensor, Tensor, Tensor]): Tensor[] {
  const axes = [0, 1, 2]
  const { mean, variance } = tf.moments(x, axes)
  const inverse = tf.rsqrt(tf.add(variance, epsilon))
  const normal = tf.mul(tf.sub(x, mean), inverse)
  const dBeta = tf.sum(dy, axes)
  const dGamma = tf.sum(tf.mul(dy, normal), axes)
  const n = x.size / gamma.size
  const centred = tf.sub(dy, tf.div(tf.add(dBeta, tf.mul(normal, dGamma)), n))
  return [tf.mul(centred, tf.mul(gamma, inverse)), dGamma, dBeta]
}

function fusedGradient(tf: Tf, epsilon: number, inputs: readonly Tensor[]): Tensor[] {
  const attrs = attrsOf(epsilon, true)
  return executeOp(tf, { op: 'FusedBatchNormGradV3', attrs, inputs, outputs: 5 }).slice(0, 3)
}

function fused(tf: Tf, { x, gamma, beta, epsilon }: BatchNormInput): BatchNormOutput {
  const none = tf.tensor1d([], 'float32')
  const inputs = [x, gamma, beta, none, none]
  const outputs = executeOp(tf, { op: 'FusedBatchNormV3', attrs: attrsOf(epsilon, true), inputs, outputs: 6 })
  const [y, mean, variance, ...reserve] = outputs as [Tensor, Tensor, Tensor, ...Tensor[]]
  const withGradient = tf.customGrad((_x, _gamma, _beta, save) => {
    ;(save as unknown as (tensors: Tensor[]) => void)([x, gamma, ...reserve])
    return {
      value: y,
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [first, scale] = saved as [Tensor, Tensor]
        return isTapeOn(tf)
          ? composedGradient(tf, epsilon, [dy, first, scale])
          : fusedGradient(tf, epsilon, [dy, ...saved])
      },
    }
  })
  return { y: withGradient(x, gamma, beta), mean, variance }
}

/**
 * Training batch norm: y = γ (x − mean) / √(var + ε) + β with the statistics of this batch, differentiable in x, γ and β.
 * Fused on native TensorFlow, composed on other backends.
 */
export function fusedBatchNorm(tf: Tf, input: BatchNormInput): BatchNormOutput {
  if (!isNative(tf)) return composed(tf, input)
  if (input.x.rank === 4) return fused(tf, input)
  const { y, mean, variance } = fused(tf, { ...input, x: tf.reshape(input.x, toRank4(input.x)) })
  return { y: tf.reshape(y, input.x.shape), mean, variance }
}

/** Batch norm with given statistics, [B, …, C] → the same shape. tfjs already has it fused on native TensorFlow. */
export function fusedBatchNormInference(tf: Tf, input: BatchNormInferenceInput): Tensor {
  const { x, mean, variance, beta, gamma, epsilon } = input
  return tf.batchNorm(x, mean as Tensor1D, variance as Tensor1D, beta as Tensor1D, gamma as Tensor1D, epsilon)
}
