// Where a sample's neighbours come from: its batch, and a queue of the samples of earlier batches.
import type { MethodSetup, Tensor, Variable } from '@stillhouse/engine'

export interface NeighbourPool {
  /** What `push` changes. */
  readonly variables: readonly Variable[]
  /** The batch first, then the queue, whose empty places have the label −1. @param features [B, D] @param y [B] int32 */
  beside(features: Tensor, y: Tensor): { readonly pool: Tensor; readonly labels: Tensor }
  /** Puts the batch at the front of the queue; the oldest fall out. */
  push(features: Tensor, y: Tensor): void
}

/** @param options.queue places of the queue; 0: the batch alone */
export function neighbourPool(
  { tf, student, shapeOf, state }: MethodSetup,
  { tap, queue }: { readonly tap: string; readonly queue: number },
): NeighbourPool {
  if (queue === 0) return { variables: [], beside: (pool, labels) => ({ pool, labels }), push: () => undefined }
  const width = shapeOf(student, tap).reduce((product, side) => product * side, 1)
  const features = state('queue', tf.zeros([queue, width]))
  const labels = state('queue:labels', tf.fill([queue], -1, 'int32'))
  const front = (batch: Tensor, all: Variable) => tf.concat([batch, all]).slice(0, queue)
  return {
    variables: [features, labels],
    beside: (batch, y) => ({ pool: tf.concat([batch, features]), labels: tf.concat([y, labels]) }),
    push: (batch, y) => {
      const [nextFeatures, nextLabels] = [front(batch, features), front(y, labels)]
      features.assign(nextFeatures)
      labels.assign(nextLabels)
    },
  }
}
