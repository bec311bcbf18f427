// Softmax cross-entropy with class indices as TensorFlow's fused op: one pass that also gives the gradient, and safe
// where log(softmax(x)) is not.
import { executeOp } from './execute-op.ts'
import { isNative } from './native-backend.ts'
import { isTapeOn } from './tape.ts'
import type { Tensor, Tf } from './tf.ts'

function composed(tf: Tf, logits: Tensor, labels: Tensor): Tensor {
  const oneHot = tf.oneHot(labels, logits.shape[1] as number)
  return tf.neg(tf.sum(tf.mul(oneHot, tf.logSoftmax(logits)), 1))
}

/**
 * −log softmax(logits)[label] per sample.
 * @param logits [B, K] float32 @param labels [B] int32 in 0..K−1 (others give NaN)
 * @returns [B]
 */
export function softmaxCrossEntropy(tf: Tf, logits: Tensor, labels: Tensor): Tensor {
  if (!isNative(tf)) return composed(tf, logits, labels)
  const [loss, slope] = executeOp(tf, {
    op: 'SparseSoftmaxCrossEntropyWithLogits',
    attrs: { T: { type: 'float32' }, Tlabels: { type: 'int32' } },
    inputs: [logits, labels],
    outputs: 2,
  }) as [Tensor, Tensor]
  const withGradient = tf.customGrad((_logits, save) => {
    ;(save as (tensors: Tensor[]) => void)([slope, logits, labels])
    return {
      value: loss,
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [fused, x, y] = saved as [Tensor, Tensor, Tensor]
        const oneHot = () => tf.oneHot(y, x.shape[1] as number)
        return tf.mul(tf.expandDims(dy, 1), isTapeOn(tf) ? tf.sub(tf.softmax(x), oneHot()) : fused)
      },
    }
  })
  return withGradient(logits)
}
