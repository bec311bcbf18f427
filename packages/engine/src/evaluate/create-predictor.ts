// A network's inference as one call: traced with its weights as constants where that pays, so that TensorFlow folds batch
// norm into the convolutions, or layer by layer.
import { compileStep, isNative } from '@stillhouse/graph'
import type { Network } from '../contracts/network.ts'
import type { Tensor, Tf } from '../contracts/tf.ts'
import { forward } from '../network/forward.ts'

export interface Predictor {
  /** x [B, …inputShape] → logits [B, K]; call inside tf.tidy. */
  predict(x: Tensor): Tensor
  dispose(): void
}

export interface CreatePredictor {
  readonly tf: Tf
  readonly network: Network
  /** Shape of a whole batch; smaller ones are run layer by layer. */
  readonly shape: readonly number[]
  /** Whether tracing would pay: weights that do not change, and enough batches. */
  readonly compile: boolean
}

export function createPredictor({ tf, network, shape, compile }: CreatePredictor): Predictor {
  const eager = (x: Tensor) => forward({ tf, network, x }).logits
  if (!compile || !network.frozen || !isNative(tf)) return { predict: eager, dispose: () => undefined }
  const example = tf.zeros([...shape])
  const step = compileStep({
    tf,
    name: `${network.role} (inference)`,
    inputs: { x: example },
    variables: [],
    step: ({ x }) => ({ logits: eager(x as Tensor) }),
  })
  example.dispose()
  const isWhole = (x: Tensor) => x.shape[0] === shape[0]
  return { predict: (x) => (isWhole(x) ? (step.run({ x })['logits'] as Tensor) : eager(x)), dispose: step.dispose }
}
